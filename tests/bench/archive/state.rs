//! A state folder as years of calls leave it: database, files, index, configuration, and a folder that is watched.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;

use callscribe::search::Search;
use callscribe::store::Store;

use super::generator;

/// Recordings stored in one transaction.
const PIECE: u64 = 500;
/// What the pipeline is given to write.
const CALLS: [&str; 3] = ["en-refund", "en-complaint", "es-tarjeta"];

/// Makes the archive in `folder`, unless an earlier run left one there.
pub fn make(folder: &Path, count: u64) -> anyhow::Result<()> {
    let state = folder.join("state");
    let made = folder.join("made");
    if fs::read_to_string(&made).is_ok_and(|text| text == count.to_string()) {
        println!("(the archive of an earlier run)");
        return Ok(());
    }
    fs::create_dir_all(folder.join("inbox"))?;
    let since = Instant::now();
    let store = Store::open(&state.join("callscribe.redb"))?;
    for from in (0..count).step_by(usize::try_from(PIECE)?) {
        let piece: Vec<_> = (from..count.min(from + PIECE)).map(generator::recording).collect();
        store.insert_whole(&piece, jiff::Timestamp::now())?;
        for recording in piece.iter().filter_map(|whole| whole.recording.audio.as_ref()) {
            touch(&state.join("recordings").join(&recording.path))?;
            touch(&state.join("transcripts").join(&recording.path).with_extension("vtt"))?;
        }
    }
    println!("made and stored within {:.0?}", since.elapsed());
    let since = Instant::now();
    Search::open(&store, &state).catch_up()?;
    println!("search index made within {:.0?}", since.elapsed());
    drop(store);
    let text = format!(
        "state_dir = {state:?}\n[api]\nlisten = \"127.0.0.1:0\"\n[[folders]]\nname = \"inbox\"\npath = {inbox:?}\n\
         settle_s = 0\nrescan_s = 1\n[pipeline]\nfree_disk_mib_min = 0\n",
        inbox = folder.join("inbox"),
    );
    fs::write(folder.join("config.toml"), text)?;
    fs::write(made, count.to_string())?;
    Ok(())
}

/// An empty file: that it is there is all that a start looks at.
fn touch(path: &Path) -> anyhow::Result<()> {
    match File::create(path) {
        Ok(_) => Ok(()),
        Err(_) => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            File::create(path)?;
            Ok(())
        }
    }
}

/// Puts the sample calls in the watched folder, each `copies` times and every time as another call: the last bits of some
/// samples in the middle say which.
pub fn bring_calls(folder: &Path, copies: u64) -> anyhow::Result<u64> {
    let calls = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/calls");
    let run = jiff::Timestamp::now().as_millisecond().cast_unsigned() << 16;
    for call in CALLS {
        let sound = fs::read(calls.join(format!("{call}.wav")))?;
        for number in (0..copies).map(|copy| run + copy) {
            let mut other = sound.clone();
            let middle = other.len() / 2;
            for (bit, sample) in other[middle..middle + 64].iter_mut().enumerate() {
                *sample ^= (number >> bit & 1) as u8;
            }
            fs::write(folder.join("inbox").join(format!("{call}-{number}.wav")), other)?;
        }
    }
    Ok(copies * CALLS.len() as u64)
}

/// Bytes of all files below a folder.
pub fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => bytes_below(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// Where the archive is made: kept for the next run when `CALLSCRIBE_BENCH_KEEP` names a folder.
pub fn folder() -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if let Some(kept) = std::env::var_os("CALLSCRIBE_BENCH_KEEP") {
        return Ok((PathBuf::from(kept), None));
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    Ok((folder.path().to_owned(), Some(folder)))
}
