#!/bin/sh
# Encodes the files beside it from the sources that the test `write_sources` makes. Needs ffmpeg (with libmp3lame, libvorbis,
# libopus, libgsm, libspeex) and sox.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(mktemp -d)
trap 'rm -r "$src"' EXIT
(cd "$here/../../.." && CALLSCRIBE_SOURCES="$src" cargo test --quiet --test decode -- --ignored write_sources)

# ff SOURCE OUTPUT ARGUMENTS...
ff() {
    in=$1 out=$2
    shift 2
    ffmpeg -nostdin -hide_banner -loglevel error -y -i "$src/$in.wav" -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$@" "$here/$out"
}

# WAV
ff 8k-3ch ext-mulaw-8k-3ch.wav -c:a pcm_mulaw
ff 8k-3ch ext-alaw-8k-3ch.wav -c:a pcm_alaw
ff 8k-1ch ext-s24-8k-1ch.wav -c:a pcm_s24le
sox -D "$src/8k-1ch.wav" -e mu-law "$here/sox-mulaw-8k-1ch.wav"
ff 8k-1ch adpcm-ms-8k-1ch.wav -c:a adpcm_ms
ff 8k-2ch adpcm-ms-8k-2ch.wav -c:a adpcm_ms
sox -D "$src/22k-1ch.wav" -e ms-adpcm "$here/sox-ms-22k-1ch.wav"
ff 8k-1ch adpcm-ima-8k-1ch.wav -c:a adpcm_ima_wav
ff 8k-2ch adpcm-ima-8k-2ch.wav -c:a adpcm_ima_wav
ff 16k-1ch adpcm-ima-16k-1ch.wav -c:a adpcm_ima_wav
sox -D "$src/8k-2ch.wav" -e ima-adpcm "$here/sox-ima-8k-2ch.wav"
ff 16k-1ch mp3-in-wav-16k-1ch.wav -c:a libmp3lame -b:a 24k

# MP3
ff 8k-1ch cbr-8k-1ch.mp3 -c:a libmp3lame -b:a 16k
ff 8k-2ch cbr-8k-2ch.mp3 -c:a libmp3lame -b:a 24k -joint_stereo 0
ff 16k-2ch cbr-16k-2ch.mp3 -c:a libmp3lame -b:a 32k -joint_stereo 0
ff 22k-1ch cbr-22k-1ch.mp3 -c:a libmp3lame -b:a 24k
ff 44k-2ch cbr-44k-2ch.mp3 -c:a libmp3lame -b:a 64k
ff 48k-1ch cbr-48k-1ch.mp3 -c:a libmp3lame -b:a 40k
ff 8k-2ch vbr-8k-2ch.mp3 -c:a libmp3lame -q:a 5
ff 44k-2ch vbr-44k-2ch.mp3 -c:a libmp3lame -q:a 6
ff 16k-2ch vbr-notag-16k-2ch.mp3 -c:a libmp3lame -q:a 5 -write_xing 0 -id3v2_version 0
ff 44k-2ch vbr-notag-44k-2ch.mp3 -c:a libmp3lame -q:a 6 -write_xing 0 -id3v2_version 0
ff 8k-1ch cbr-notag-8k-1ch.mp3 -c:a libmp3lame -b:a 16k -write_xing 0 -id3v2_version 0
ffmpeg -nostdin -hide_banner -loglevel error -y -f lavfi -i testsrc=size=64x64:rate=1:duration=1 -frames:v 1 "$src/cover.png"
ffmpeg -nostdin -hide_banner -loglevel error -y -i "$src/22k-1ch.wav" -i "$src/cover.png" -map 0 -map 1 -c:a libmp3lame -b:a 24k \
    -c:v copy -id3v2_version 3 -write_id3v1 1 -metadata title=cover "$here/id3-cover-22k-1ch.mp3"

# AAC
ff 8k-1ch lc-8k-1ch.aac -c:a aac -b:a 24k
ff 16k-2ch lc-16k-2ch.aac -c:a aac -b:a 48k
ff 44k-2ch lc-44k-2ch.aac -c:a aac -b:a 64k
ff 8k-1ch lc-8k-1ch.m4a -c:a aac -b:a 24k
ff 16k-2ch lc-16k-2ch.m4a -c:a aac -b:a 48k
ff 44k-2ch lc-44k-2ch.m4a -c:a aac -b:a 64k
ff 48k-1ch lc-48k-1ch.m4a -c:a aac -b:a 40k
ff 16k-1ch faststart-16k-1ch.m4a -c:a aac -b:a 32k -movflags +faststart
ff 16k-2ch fragmented-16k-2ch.m4a -c:a aac -b:a 48k -movflags +frag_keyframe+empty_moov+delay_moov -frag_duration 400000

# FLAC
ff 8k-1ch s16-8k-1ch.flac -c:a flac -sample_fmt s16
ff 8k-8ch s16-8k-8ch.flac -c:a flac -sample_fmt s16
ff 16k-2ch s24-16k-2ch.flac -c:a flac -sample_fmt s32
ff 44k-2ch s16-44k-2ch.flac -c:a flac -sample_fmt s16
ff 48k-1ch s16-48k-1ch.flac -c:a flac -sample_fmt s16
ffmpeg -nostdin -hide_banner -loglevel error -y -i "$src/8k-1ch.wav" -i "$src/cover.png" -map 0 -map 1 -c:a flac -sample_fmt s16 \
    -c:v copy -disposition:v attached_pic "$here/cover-8k-1ch.flac"

# Ogg
ff 8k-1ch q2-8k-1ch.ogg -c:a libvorbis -q:a 2
ff 16k-2ch q2-16k-2ch.ogg -c:a libvorbis -q:a 2 -page_duration 200000
ff 44k-2ch q2-44k-2ch.ogg -c:a libvorbis -q:a 2 -page_duration 200000
ff 8k-6ch q2-8k-6ch.ogg -c:a libvorbis -q:a 4
ff 8k-1ch opus-8k-1ch.opus -c:a libopus -b:a 16k -application voip
ff 16k-2ch opus-16k-2ch.opus -c:a libopus -b:a 32k -application voip -page_duration 200000
ff 48k-2ch opus-48k-2ch.opus -c:a libopus -b:a 48k
ff 48k-1ch opus-short-48k-1ch.opus -c:a libopus -b:a 64k -frame_duration 2.5 -page_duration 200000

# Not decoded
ff 8k-1ch gsm-in-wav.wav -c:a gsm_ms
ff 8k-1ch raw.gsm -c:a libgsm -f gsm
ff 8k-1ch g726-in-wav.wav -c:a g726 -b:a 32k
ff 16k-1ch speech.wma -c:a wmav2 -b:a 24k
ff 16k-1ch layer2.mp2 -c:a mp2 -b:a 32k
ff 8k-1ch speex.ogg -c:a libspeex
ff 8k-1ch lossless.m4a -c:a alac
ff 8k-1ch sun.au -c:a pcm_mulaw
ff 8k-1ch apple.aiff -c:a pcm_s16be
ff 8k-3ch three-channels.opus -c:a libopus -b:a 24k -mapping_family 255
picture="-f lavfi -i testsrc=size=64x64:rate=5:duration=1"
for out in call.mp4 call.mkv call.avi call.ts; do
    # shellcheck disable=SC2086
    ffmpeg -nostdin -hide_banner -loglevel error -y $picture -i "$src/8k-1ch.wav" -t 0.5 -map_metadata -1 -fflags +bitexact \
        -c:v mpeg4 -c:a mp2 -ar 16000 -b:a 32k "$here/$out" || rm -f "$here/$out"
done
