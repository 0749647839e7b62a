//! From measurements of a whole call to what each channel is.

use super::level::LevelMeter;
use super::pair::{ALIKE, PairMeter, Record};
use super::{BleedPath, ChannelMap, ChannelSound, LAG_MAX_SAMPLES, Relation};

/// Sound that lasts this far above the noise floor is more than noise, in dB: 32 ms of steady noise stay within 2 dB.
const ALIVE_OVER_FLOOR_DB: f32 = 8.0;
/// Sound below this is no speech, in dBFS: µ-law that idles between its two smallest codes is at -72.
const ALIVE_MIN_DBFS: f32 = -69.0;
/// Sound above this is more than the noise of a line however steady it is, in dBFS: music without a pause.
const LOUD_DBFS: f32 = -30.0;
/// Sound a live channel has at least, in milliseconds: a short "yes".
const ALIVE_MIN_MS: u64 = 190;
/// A segment counts as sound this far above the floor, in dB.
const ACTIVE_OVER_FLOOR_DB: f32 = 12.0;
/// Correlation under which two segments are different sounds.
const DIFFERENT: f32 = 0.5;
/// Lags this close support each other, in samples: half a millisecond of jitter and drift.
const LAG_JITTER: usize = 8;
/// Lags this close are the same path, in samples: a deep voice looks like itself one pitch period (15 ms) away.
const LAG_TOLERANCE: i32 = 240;
/// Room for the level a segment is expected at, in dB.
const LEVEL_TOLERANCE_DB: f32 = 6.0;
/// A sound that should be heard on the other channel lies this far above its noise, in dB.
const HEARD_OVER_FLOOR_DB: f32 = 3.0;
/// Same segments needed before anything is said of two channels: one second.
const HEARD_MIN: usize = 4;
/// Most by which a sound is louder on the channel it leaked to, in dB: rounding of equal levels.
const LOUDER_THERE_DB: f32 = 1.5;
/// Share of one channel's sound that has to be heard on the other.
const PATH_SHARE: f32 = 0.7;
/// Gains there and back that add up to less than this are one path seen from both ends, in dB.
const RECIPROCAL_DB: f32 = 3.0;
/// Share of different segments up to which two channels are copies; one segment is always forgiven.
const COPY_DIFFERENT_SHARE: f32 = 0.005;
/// The earlier channel is taken for the copy when it is quieter than the later one by this, in dB.
const COPY_SWAP_DB: f32 = 12.0;

/// A channel's noise floor and whether it is more than noise.
struct Life {
    floor_dbfs: f32,
    alive: bool,
}

/// How the sound of one channel arrives on another.
#[derive(Debug, Clone, Copy)]
struct Path {
    gain_db: f32,
    lag: i32,
    /// Segments on the target that nothing on the source explains.
    own: usize,
    /// Segments on the source that should be plain on the target and are not there.
    unheard: usize,
    /// Segments with sound on the target.
    active: usize,
    /// Share of the source's sound that arrives.
    share: f32,
}

/// A segment seen from one of its two channels.
#[derive(Debug, Clone, Copy)]
struct View {
    source_dbfs: f32,
    target_dbfs: f32,
    likeness: f32,
    lag: i32,
}

/// Says what every channel is.
pub fn judge(levels: &[LevelMeter], pairs: &PairMeter) -> ChannelMap {
    let lives: Vec<Life> = levels.iter().map(life).collect();
    let count = levels.len();
    let mut paths: Vec<Vec<Option<Path>>> = vec![vec![None; count]; count];
    for first in 0..count {
        for second in first + 1..count {
            if lives[first].alive && lives[second].alive {
                let records = pairs.records(first, second);
                paths[first][second] = path(&lives[first], &lives[second], &views(records, false));
                paths[second][first] = path(&lives[second], &lives[first], &views(records, true));
            }
        }
    }
    let mut relations: Vec<Relation> =
        lives.iter().map(|life| if life.alive { Relation::Own } else { Relation::Dead }).collect();
    mark_copies(&paths, &mut relations);
    let bleeds = mark_bleeds(&paths, &mut relations);
    let sounds = levels.iter().zip(relations).map(|(level, relation)| sound(level, relation)).collect();
    ChannelMap { sounds, paths: bleeds }
}

fn life(level: &LevelMeter) -> Life {
    let floor_dbfs = level.floor_dbfs().unwrap_or(super::SILENCE_DBFS);
    let threshold = (floor_dbfs + ALIVE_OVER_FLOOR_DB).clamp(ALIVE_MIN_DBFS, LOUD_DBFS);
    Life { floor_dbfs, alive: level.sustained_ms(threshold) >= ALIVE_MIN_MS }
}

fn sound(level: &LevelMeter, relation: Relation) -> ChannelSound {
    ChannelSound {
        rms_dbfs: level.rms_dbfs(),
        noise_floor_dbfs: level.floor_dbfs(),
        peak: level.peak(),
        clipped_share: level.clipped_share(),
        dc_offset: level.dc_offset(),
        dropouts: crate::call::Dropouts::default(),
        relation,
        duration_samples: level.duration_samples(),
    }
}

fn views(records: &[Record], swapped: bool) -> Vec<View> {
    let view = |r: &Record| {
        let (source_dbfs, target_dbfs, lag) = if swapped {
            (r.second_dbfs, r.first_dbfs, -i32::from(r.lag))
        } else {
            (r.first_dbfs, r.second_dbfs, i32::from(r.lag))
        };
        View { source_dbfs, target_dbfs, likeness: r.likeness, lag }
    };
    records.iter().map(view).collect()
}

/// Whether and how the source is heard on the target: most of the source's sound that is loud enough arrives with one lag
/// and one gain.
fn path(source: &Life, target: &Life, views: &[View]) -> Option<Path> {
    let same: Vec<&View> =
        views.iter().filter(|v| v.likeness >= ALIKE && v.target_dbfs <= v.source_dbfs + LOUDER_THERE_DB).collect();
    let lag = common_lag(&same)?;
    let matched = |v: &View| v.likeness >= ALIKE && (v.lag - lag).abs() <= LAG_TOLERANCE;
    let gain_db = median(same.iter().filter(|v| matched(v)).map(|v| v.target_dbfs - v.source_dbfs).collect())?;

    let (mut heard, mut expected, mut unheard, mut own, mut active) = (0, 0, 0, 0, 0);
    for v in views {
        let predicted = v.source_dbfs + gain_db;
        let source_active = v.source_dbfs > source.floor_dbfs + ACTIVE_OVER_FLOOR_DB;
        let covered = v.target_dbfs > predicted + LEVEL_TOLERANCE_DB;
        if source_active && predicted > target.floor_dbfs + HEARD_OVER_FLOOR_DB && !covered {
            expected += 1;
            heard += usize::from(matched(v));
            let plain = predicted > target.floor_dbfs + ACTIVE_OVER_FLOOR_DB;
            unheard += usize::from(plain && v.likeness < DIFFERENT);
        }
        if v.target_dbfs > target.floor_dbfs + ACTIVE_OVER_FLOOR_DB {
            active += 1;
            own += usize::from(covered || v.likeness < DIFFERENT);
        }
    }
    let share = heard as f32 / expected.max(1) as f32;
    let enough = heard >= HEARD_MIN && share >= PATH_SHARE;
    enough.then_some(Path { gain_db, lag, own, unheard, active, share })
}

/// The lag most segments agree on, weighed by how alike they are.
fn common_lag(same: &[&View]) -> Option<i32> {
    let centre = LAG_MAX_SAMPLES as i32;
    let mut votes = vec![0.0f32; 2 * LAG_MAX_SAMPLES + 1];
    for v in same {
        votes[(v.lag + centre) as usize] += v.likeness * v.likeness;
    }
    let around = |at: usize| -> f32 {
        votes[at.saturating_sub(LAG_JITTER)..(at + LAG_JITTER + 1).min(votes.len())].iter().sum()
    };
    let best = (0..votes.len()).max_by(|&a, &b| around(a).total_cmp(&around(b)).then(votes[a].total_cmp(&votes[b])))?;
    (votes[best] > 0.0).then_some(best as i32 - centre)
}

/// A copy has next to nothing that the other does not have, and misses next to nothing.
fn mark_copies(paths: &[Vec<Option<Path>>], relations: &mut [Relation]) {
    for second in 1..relations.len() {
        for first in 0..second {
            if relations[first] != Relation::Own || relations[second] != Relation::Own {
                continue;
            }
            // Towards the quieter channel: the louder one has what the other lost in its noise.
            let there = paths[first][second].filter(is_copy);
            let back = paths[second][first].filter(is_copy).map(|path| (-path.gain_db, -path.lag));
            let Some((gain_db, lag_samples)) = there.map(|path| (path.gain_db, path.lag)).or(back) else { continue };
            if gain_db >= COPY_SWAP_DB {
                relations[first] = Relation::CopyOf { channel: second, gain_db: -gain_db, lag_samples: -lag_samples };
            } else {
                relations[second] = Relation::CopyOf { channel: first, gain_db, lag_samples };
            }
        }
    }
}

fn is_copy(path: &Path) -> bool {
    path.own + path.unheard <= 1.max((path.active as f32 * COPY_DIFFERENT_SHARE) as usize)
}

fn mark_bleeds(paths: &[Vec<Option<Path>>], relations: &mut [Relation]) -> Vec<BleedPath> {
    let own: Vec<bool> = relations.iter().map(|relation| *relation == Relation::Own).collect();
    let mut found = Vec::new();
    for to in (0..own.len()).filter(|&to| own[to]) {
        let into = |from: usize| {
            let path = paths[from][to].filter(|_| own[from])?;
            let back = paths[to][from].filter(|back| (path.gain_db + back.gain_db).abs() < RECIPROCAL_DB);
            // The channel that is wholly contained in the other is the source; the other holds it and its own voice.
            if back.is_some_and(|back| (back.share, to) > (path.share, from)) {
                return None;
            }
            Some(BleedPath { from, to, attenuation_db: -path.gain_db, lag_samples: path.lag })
        };
        let here: Vec<BleedPath> = (0..own.len()).filter_map(into).collect();
        if let Some(loudest) = here.iter().min_by(|a, b| a.attenuation_db.total_cmp(&b.attenuation_db)) {
            let BleedPath { from, attenuation_db, lag_samples, .. } = *loudest;
            relations[to] = Relation::Bleed { from, attenuation_db, lag_samples };
        }
        found.extend(here);
    }
    found
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}
