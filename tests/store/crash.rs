//! What a power cut leaves. A backend records every write and every sync; for each sync the test rebuilds the file as
//! it stood on disk at that moment, opens it, and looks for everything that had been acknowledged by then.
//!
//! The medium is taken to keep what was synced; what was written after the last sync is lost, or, in the torn images,
//! there in part.

use std::io;
use std::sync::{Arc, Mutex};

use callscribe::call::{RecordingId, Step};
use callscribe::store::{Lane, Store};
use fastrand::Rng;

use crate::support::*;

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug, Default)]
struct Tape {
    now: Vec<u8>,
    /// Changes between syncs; the last entry has no sync behind it yet.
    epochs: Vec<Vec<Change>>,
}

#[derive(Debug, Clone)]
struct Recorder(Arc<Mutex<Tape>>);

fn play(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(offset, data) => bytes[*offset as usize..][..data.len()].copy_from_slice(data),
        Change::Length(length) => bytes.resize(*length as usize, 0),
    }
}

impl Recorder {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Tape { now: Vec::new(), epochs: vec![Vec::new()] })))
    }

    fn over(now: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Tape { now, epochs: vec![Vec::new()] })))
    }

    fn change(&self, change: Change) {
        let mut tape = self.0.lock().unwrap();
        play(&mut tape.now, &change);
        tape.epochs.last_mut().unwrap().push(change);
    }

    fn syncs(&self) -> usize {
        self.0.lock().unwrap().epochs.len() - 1
    }

    /// The file after `syncs` syncs, with the part of the next epoch that `keep` lets through.
    fn image(&self, syncs: usize, mut keep: impl FnMut() -> bool) -> Vec<u8> {
        let tape = self.0.lock().unwrap();
        let mut bytes = Vec::new();
        tape.epochs[..syncs].iter().flatten().for_each(|change| play(&mut bytes, change));
        for change in &tape.epochs[syncs] {
            // A file system may lose data; it does not hand out a file shorter than a write that reached the disk.
            if matches!(change, Change::Length(_)) || keep() {
                play(&mut bytes, change);
            }
        }
        bytes
    }
}

impl redb::StorageBackend for Recorder {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let tape = self.0.lock().unwrap();
        let part = tape.now.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.lock().unwrap().epochs.push(Vec::new());
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset, data.to_vec()));
        Ok(())
    }
}

/// What had been acknowledged, and after how many syncs.
type Acknowledged = Vec<(usize, RecordingId, usize)>;

/// Takes in and works off a few recordings; notes after each call what must survive from then on: a recording with at
/// least so many completed steps.
fn work(recorder: &Recorder) -> (usize, Acknowledged) {
    let store = Store::open_backend(recorder.clone()).unwrap();
    let ready = recorder.syncs();
    let mut acknowledged = Vec::new();
    for n in 0..2 {
        let id = insert(&store, &format!("r{n}"), n);
        acknowledged.push((recorder.syncs(), id, 0));
    }
    while let Some(claim) = Lane::ALL.iter().find_map(|l| store.claim(at(9), &request(*l)).unwrap()) {
        store.finish(&claim, done(&claim), at(9)).unwrap();
        acknowledged.push((recorder.syncs(), claim.id(), claim.step as usize + 1));
    }
    (ready, acknowledged)
}

fn assert_survives(store: &Store, syncs: usize, acknowledged: &Acknowledged) {
    for (_, id, completed) in acknowledged.iter().filter(|(needed, ..)| *needed <= syncs) {
        let recording = store.get(*id).unwrap().expect("an acknowledged recording is there");
        assert!(recording.steps.quality_score() >= *completed as f64 / 6.0 - 1e-9);
        assert!(*completed <= Step::Transcribe as usize || recording.transcript.is_some());
    }
}

#[test]
fn everything_acknowledged_survives_a_power_cut_at_any_sync() {
    let recorder = Recorder::new();
    let (ready, acknowledged) = work(&recorder);
    println!("{} syncs, {} acknowledged changes", recorder.syncs(), acknowledged.len());
    for syncs in ready..=recorder.syncs() {
        let mut rng = Rng::with_seed(syncs as u64);
        for image in [recorder.image(syncs, || false), recorder.image(syncs, || rng.bool())] {
            let store = Store::open_backend(Recorder::over(image)).unwrap();
            assert_survives(&store, syncs, &acknowledged);
            assert_whole(&store);
        }
    }
}

#[test]
fn a_second_power_cut_during_recovery_loses_nothing_either() {
    let recorder = Recorder::new();
    let (ready, acknowledged) = work(&recorder);
    for syncs in (ready..=recorder.syncs()).step_by(7) {
        let recovery = Recorder::over(recorder.image(syncs, || false));
        let start = recovery.0.lock().unwrap().now.clone();
        let store = Store::open_backend(recovery.clone()).unwrap();
        store.rescue(at(10), NEXT_BOOT).unwrap();
        drop(store);
        for again in 0..=recovery.syncs() {
            let mut image = start.clone();
            let tape = recovery.0.lock().unwrap();
            tape.epochs[..again].iter().flatten().for_each(|change| play(&mut image, change));
            drop(tape);
            let store = Store::open_backend(Recorder::over(image)).unwrap();
            assert_survives(&store, syncs, &acknowledged);
            assert_whole(&store);
        }
    }
}
