//! The lines of `callscribe show` about how a call sounds and was talked.

use serde_json::Value;

use super::super::list::{length, plain};

/// How long each kind of phase took, in the order in which they first come.
pub(super) fn phases(sound: &Value) -> Option<String> {
    let mut kinds: Vec<(&str, f64)> = Vec::new();
    for phase in sound["phases"].as_array()? {
        let kind = phase["kind"].as_str()?;
        let took = phase["end"].as_f64()? - phase["start"].as_f64()?;
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += took,
            None => kinds.push((kind, took)),
        }
    }
    let told: Vec<String> = kinds.iter().map(|(kind, took)| format!("{kind} {}", length(*took))).collect();
    Some(told.join(", "))
}

/// Who talked how much, and what was quiet.
pub(super) fn talk(talk: &Value) -> Option<String> {
    let party = |party: &Value| {
        let share = 100.0 * party["talk_share"].as_f64()?;
        let rate = party["words_per_minute"].as_u64().map(|rate| format!(" at {rate} words a minute"));
        let interruptions = party["interruptions"].as_u64().filter(|count| *count > 0);
        let cut_in = interruptions.map(|count| format!(", interrupts {count} times"));
        let name = plain(party["speaker"].as_str()?);
        Some(format!("{name} {share:.0} %{}{}", rate.unwrap_or_default(), cut_in.unwrap_or_default()))
    };
    let mut told: Vec<String> = talk["parties"].as_array()?.iter().filter_map(party).collect();
    let seconds = |key: &str| talk[key].as_f64().filter(|seconds| *seconds > 0.0);
    told.extend(seconds("overlap").map(|time| format!("overlap {time:.1} s")));
    told.extend(seconds("silence").map(|time| format!("silence {time:.1} s")));
    let count = talk["dead_air_count"].as_u64().filter(|count| *count > 0);
    let longest = seconds("longest_silence").unwrap_or(0.0);
    let moment = talk["moments"].as_array().into_iter().flatten().find(|moment| moment["kind"] == "longest_silence");
    let at = moment.and_then(|moment| moment["start"].as_f64()).map(|at| format!(" at {}", length(at)));
    told.extend(count.map(|count| format!("dead air {count} times, longest {longest:.1} s{}", at.unwrap_or_default())));
    Some(told.join("; "))
}

/// How well a channel can be heard.
pub(super) fn channel(facts: &Value) -> Option<String> {
    let health = facts["health"].as_object()?;
    let level = health.get("speech_rms_dbfs")?.as_f64()?;
    let mut told = vec![format!("channel {}: {level:.0} dBFS", facts["channel"])];
    told.extend(health.get("snr_db").and_then(Value::as_f64).map(|db| format!("{db:.0} dB over the noise")));
    told.extend(health.get("bandwidth").and_then(Value::as_str).map(str::to_owned));
    let clipped = facts["clipped_share"].as_f64().filter(|share| *share > 0.001);
    told.extend(clipped.map(|share| format!("{:.1} % clipped", 100.0 * share)));
    let dropouts = health.get("dropouts").and_then(|dropouts| dropouts["count"].as_u64()).filter(|count| *count > 0);
    told.extend(dropouts.map(|count| format!("{count} dropouts")));
    told.extend(facts["bleed_from"].as_u64().map(|from| format!("channel {from} heard through")));
    Some(told.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_line_says_what_stands_out() {
        let sound = json!({ "phases": [
            { "kind": "conversation", "start": 0.0, "end": 30.0 }, { "kind": "hold", "start": 30.0, "end": 40.0 },
            { "kind": "conversation", "start": 40.0, "end": 75.0 },
        ] });
        assert_eq!(phases(&sound).unwrap(), "conversation 1:05, hold 0:10");
        let told = json!({ "overlap": 1.25, "silence": 9.0, "longest_silence": 4.0, "dead_air_count": 2, "parties": [
            { "speaker": "agent", "talk_share": 0.6, "words_per_minute": 150, "interruptions": 1 },
            { "speaker": "customer", "talk_share": 0.4, "words_per_minute": null, "interruptions": 0 },
        ], "moments": [{ "kind": "dead_air", "start": 12.0, "end": 16.0 }, { "kind": "longest_silence", "start": 63.2, "end": 67.2 }] });
        assert_eq!(
            talk(&told).unwrap(),
            "agent 60 % at 150 words a minute, interrupts 1 times; customer 40 %; overlap 1.2 s; silence 9.0 s; dead air \
             2 times, longest 4.0 s at 1:03"
        );
        let facts = json!({ "channel": 1, "clipped_share": 0.02, "bleed_from": 0, "health": {
            "speech_rms_dbfs": -20.4, "snr_db": 31.2, "bandwidth": "narrowband", "dropouts": { "count": 3 },
        } });
        assert_eq!(
            channel(&facts).unwrap(),
            "channel 1: -20 dBFS, 31 dB over the noise, narrowband, 2.0 % clipped, 3 dropouts, channel 0 heard through"
        );
        assert_eq!((phases(&Value::Null), talk(&Value::Null), channel(&Value::Null)), (None, None, None));
    }
}
