//! Names for what callscribe does not decode, and what to do about each.
//!
//! People drop whatever they have into the folder; a sentence that names it saves them a search.

use super::DecodeError;

/// How to turn other audio into something that is read.
pub(super) const FFMPEG_WAV: &str = "convert it first: ffmpeg -i IN -c:a pcm_s16le OUT.wav";
/// How to take the sound out of a video.
pub(super) const FFMPEG_EXTRACT: &str = "take out its sound first: ffmpeg -i IN -vn -c:a pcm_s16le OUT.wav";
/// For headerless GSM, which ffmpeg knows by name only.
const FFMPEG_GSM: &str = "convert it first: ffmpeg -f gsm -ar 8000 -i IN -c:a pcm_s16le OUT.wav";
const SOX_WAV: &str = "convert it first: sox IN -e signed -b 16 OUT.wav";
const UNPACK: &str = "unpack it first";
const DECRYPT: &str = "decrypt it first";
const NOT_A_CALL: &str = "give callscribe the recording itself";
const FETCH_AGAIN: &str = "the download probably went to a login or error page, so fetch the recording again";

/// A file type known by bytes at a fixed place.
struct Magic {
    at: usize,
    bytes: &'static [u8],
    found: &'static str,
    mend: &'static str,
}

const fn magic(at: usize, bytes: &'static [u8], found: &'static str, mend: &'static str) -> Magic {
    Magic { at, bytes, found, mend }
}

/// At least four bytes each, so that headerless audio does not match by chance.
const MAGICS: &[Magic] = &[
    magic(0, b"#!AMR-WB", "AMR wide-band audio", FFMPEG_WAV),
    magic(0, b"#!AMR", "AMR narrow-band audio", FFMPEG_WAV),
    magic(0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "Windows Media (WMA, WMV or ASF)", FFMPEG_EXTRACT),
    magic(0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM file", FFMPEG_EXTRACT),
    magic(8, b"AVI ", "a video (AVI)", FFMPEG_EXTRACT),
    magic(0, b"FLV\x01", "a video (Flash)", FFMPEG_EXTRACT),
    magic(0, b"\x00\x00\x01\xBA", "a video (MPEG program stream)", FFMPEG_EXTRACT),
    magic(0, b"\x00\x00\x01\xB3", "a video (MPEG)", FFMPEG_EXTRACT),
    magic(0, b"RIFX", "a big-endian WAV file (RIFX)", FFMPEG_WAV),
    magic(0, b"riff\x2E\x91\xCF\x11", "a Sony Wave64 file", FFMPEG_WAV),
    magic(8, b"AIFF", "AIFF audio", FFMPEG_WAV),
    magic(8, b"AIFC", "AIFF-C audio", FFMPEG_WAV),
    magic(0, b".snd", "Sun AU audio", FFMPEG_WAV),
    magic(0, b"caff", "Apple Core Audio", FFMPEG_WAV),
    magic(0, b"wvpk", "WavPack audio", FFMPEG_WAV),
    magic(0, b"MAC ", "Monkey's Audio", FFMPEG_WAV),
    magic(0, b"TTA1", "True Audio", FFMPEG_WAV),
    magic(0, b".RMF", "RealMedia audio", FFMPEG_WAV),
    magic(0, b".ra\xFD", "RealAudio", FFMPEG_WAV),
    magic(0, b"Creative Voice File", "Creative VOC audio", FFMPEG_WAV),
    magic(0, b"NIST_1A", "NIST SPHERE audio", SOX_WAV),
    magic(1, b"dss\x01", "Digital Speech Standard dictation (DSS)", FFMPEG_WAV),
    magic(0, b"\x02dss", "Digital Speech Standard dictation (DSS)", FFMPEG_WAV),
    magic(0, b"\x03ds2", "Digital Speech Standard dictation (DS2)", FFMPEG_WAV),
    magic(0, b"MThd", "a MIDI file, which has no voices in it", NOT_A_CALL),
    magic(0, b"%PDF", "a PDF document", NOT_A_CALL),
    magic(0, b"{\\rtf", "a text document (RTF)", NOT_A_CALL),
    magic(0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "a Microsoft Office document", NOT_A_CALL),
    magic(0, b"\x89PNG", "a picture (PNG)", NOT_A_CALL),
    magic(0, b"\xFF\xD8\xFF\xE0", "a picture (JPEG)", NOT_A_CALL),
    magic(0, b"\xFF\xD8\xFF\xE1", "a picture (JPEG)", NOT_A_CALL),
    magic(0, b"GIF8", "a picture (GIF)", NOT_A_CALL),
    magic(8, b"WEBP", "a picture (WebP)", NOT_A_CALL),
    magic(0, b"PK\x03\x04", "a zip archive", UNPACK),
    magic(0, b"PK\x05\x06", "an empty zip archive", NOT_A_CALL),
    magic(0, b"\x1F\x8B\x08\x00", "gzip-compressed data", UNPACK),
    magic(0, b"\x1F\x8B\x08\x08", "gzip-compressed data", UNPACK),
    magic(0, b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
    magic(0, b"Rar!", "a RAR archive", UNPACK),
    magic(0, b"\xFD7zXZ", "xz-compressed data", UNPACK),
    magic(0, b"\x28\xB5\x2F\xFD", "zstd-compressed data", UNPACK),
    magic(0, b"BZh9", "bzip2-compressed data", UNPACK),
    magic(257, b"ustar", "a tar archive", UNPACK),
    magic(0, b"SQLite format 3", "an SQLite database", NOT_A_CALL),
    magic(0, b"\x7FELF", "a program", NOT_A_CALL),
    magic(0, b"MZ\x90\x00", "a Windows program", NOT_A_CALL),
    magic(0, b"Salted__", "data encrypted with OpenSSL", DECRYPT),
    magic(0, b"-----BEGIN PGP", "data encrypted with PGP", DECRYPT),
    magic(0, b"age-encryption.org", "data encrypted with age", DECRYPT),
    magic(0, b"\xD4\xC3\xB2\xA1", "a network capture (pcap)", "extract the call first, for example with Wireshark"),
    magic(0, b"\x0A\x0D\x0D\x0A", "a network capture (pcapng)", "extract the call first, for example with Wireshark"),
];

/// What the first bytes of a file say it is, if that is nothing callscribe decodes.
pub(super) fn by_magic(head: &[u8]) -> Option<DecodeError> {
    let found = MAGICS.iter().find(|magic| head.get(magic.at..).is_some_and(|rest| rest.starts_with(magic.bytes)))?;
    Some(DecodeError::foreign(found.found, found.mend))
}

/// Mark-up and JSON, known by how they begin.
pub(super) fn markup(head: &[u8]) -> Option<DecodeError> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let begins = |what: &[u8]| text.len() >= what.len() && text[..what.len()].eq_ignore_ascii_case(what);
    if begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") {
        return Some(DecodeError::foreign("an HTML page", FETCH_AGAIN));
    }
    if begins(b"<?xml") {
        return Some(DecodeError::foreign("an XML document", FETCH_AGAIN));
    }
    let after = |open: u8| text.strip_prefix(&[open]).map(<[u8]>::trim_ascii_start).and_then(<[u8]>::first);
    let is_json = matches!((after(b'{'), after(b'[')), (Some(b'"' | b'}'), _) | (_, Some(b'{' | b'"' | b']')));
    is_json.then(|| DecodeError::foreign("a JSON document", FETCH_AGAIN))
}

/// What a file is that no marker names: text, zeros, headerless GSM, or unknown.
pub(super) fn by_look(head: &[u8], is_whole_file: bool) -> DecodeError {
    if is_text(head) {
        return DecodeError::foreign("a text file", NOT_A_CALL);
    }
    if head.iter().all(|byte| *byte == 0) {
        return DecodeError::foreign("a file of zeros only", "the download or copy was cut off, so fetch it again");
    }
    if is_gsm(head) {
        return DecodeError::foreign("GSM 6.10 audio without a header", FFMPEG_GSM);
    }
    // MPEG transport stream: a marker every 188 bytes.
    if head.len() > 376 && [0, 188, 376].iter().all(|at| head[*at] == 0x47) {
        return DecodeError::foreign("a video (MPEG transport stream)", FFMPEG_EXTRACT);
    }
    let size = if is_whole_file { format!("{} bytes", head.len()) } else { "data".into() };
    DecodeError::foreign(
        format!("{size} of no known audio format, perhaps encrypted or headerless"),
        "headerless G.711 is read when its law, rate and channel count are given; otherwise convert it to WAV first",
    )
}

fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xFF\xFE") && head.len() >= 4 && head[3] == 0 {
        return true;
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut in two where the head ends.
        Err(err) if err.error_len().is_none() => std::str::from_utf8(&head[..err.valid_up_to()]).unwrap_or_default(),
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\x1B')
}

/// A GSM 06.10 frame has 33 bytes and begins with the half-byte 0xD.
fn is_gsm(head: &[u8]) -> bool {
    const FRAMES: usize = 4;
    head.len() >= 33 * FRAMES && (0..FRAMES).all(|frame| head[frame * 33] >> 4 == 0xD)
}

/// The codec behind a WAVE format tag that is not decoded; numbers from `mmreg.h` and RFC 2361.
pub(super) fn wave_tag_name(tag: u16) -> String {
    let name = match tag {
        0x0010 => "OKI ADPCM audio",
        0x0014 | 0x0040 | 0x0045 | 0x0064 | 0x0085 => "G.726 or G.721 ADPCM audio",
        0x0022 => "DSP Group TrueSpeech audio",
        0x0031 | 0x0032 => "GSM 6.10 audio",
        0x0041 => "G.728 audio",
        0x0042 | 0x0111 | 0xA100 => "G.723.1 audio",
        0x0050 => "MPEG layer I or II audio",
        0x0065 | 0x028F => "G.722 audio",
        0x0083 | 0x0133 | 0x0134 | 0x1500 => "G.729 audio",
        0x0130 => "Sipro ACELP audio",
        0x00FF | 0x1600 | 0x1610 => "AAC audio",
        0x0160..=0x0163 => "Windows Media audio",
        0x2048 | 0xA109 => "Speex audio",
        0x704F => "Opus audio",
        _ => return format!("an unknown kind of audio (format tag 0x{tag:04X})"),
    };
    name.into()
}
