use callscribe::models::{MINIATURE_NAME, ModelEntry, Verdict, catalogue, entry_named, verify};

use super::support::miniature;

#[test]
fn the_miniature_that_ships_is_the_one_in_the_catalogue() {
    let entry = entry_named(MINIATURE_NAME).unwrap();
    let verdict = verify(&miniature(), &entry, &mut |_| ()).unwrap();
    assert!(matches!(verdict, Verdict::Verified(_)), "{verdict:?}");
}

#[test]
fn names_files_and_digests_are_all_different() {
    fn distinct(of: impl Fn(ModelEntry) -> String) -> usize {
        catalogue().map(of).collect::<std::collections::BTreeSet<_>>().len()
    }
    let all = catalogue().count();
    assert_eq!(all, 35);
    assert_eq!(distinct(|entry| entry.name.into_owned()), all);
    assert_eq!(distinct(|entry| entry.file_name.into_owned()), all);
    assert_eq!(distinct(|entry| entry.sha256.unwrap().into_owned()), all);
}

#[test]
fn every_digest_is_a_sha256() {
    for entry in catalogue() {
        let digest = entry.sha256.unwrap();
        assert!(digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{}", entry.name);
    }
}

/// Size of a multilingual file with this shape: header, filters, vocabulary, tensors, as the format lays them out.
fn size_by_format(width: u64, audio_layers: u64, text_layers: u64, vocabulary: u64, mel: u64, bytes_of_32: u64) -> u64 {
    const VOCABULARY_BYTES: u64 = 508_085;
    let quantised = |elements: u64| elements / 32 * bytes_of_32;
    let tensor = |name: usize, dimensions: u64, data: u64| 12 + 4 * dimensions + name as u64 + data;
    let vector = |name: &str, length: u64| tensor(name.len(), 1, 4 * length);
    let matrix = |name: &str, elements: u64| tensor(name.len(), 2, quantised(elements));
    let attention = |p: &str| {
        let projections: u64 = ["query", "key", "value", "out"]
            .iter()
            .map(|part| matrix(&format!("{p}.{part}.weight"), width * width))
            .sum();
        let biases: u64 = ["query", "value", "out"].iter().map(|part| vector(&format!("{p}.{part}.bias"), width)).sum();
        projections + biases + vector(&format!("{p}_ln.weight"), width) + vector(&format!("{p}_ln.bias"), width)
    };
    let feed_forward = |p: &str| {
        matrix(&format!("{p}.mlp.0.weight"), 4 * width * width)
            + vector(&format!("{p}.mlp.0.bias"), 4 * width)
            + matrix(&format!("{p}.mlp.2.weight"), 4 * width * width)
            + vector(&format!("{p}.mlp.2.bias"), width)
            + vector(&format!("{p}.mlp_ln.weight"), width)
            + vector(&format!("{p}.mlp_ln.bias"), width)
    };
    let encoder: u64 = (0..audio_layers)
        .map(|i| format!("encoder.blocks.{i}"))
        .map(|p| attention(&format!("{p}.attn")) + feed_forward(&p))
        .sum();
    let decoder: u64 = (0..text_layers)
        .map(|i| format!("decoder.blocks.{i}"))
        .map(|p| attention(&format!("{p}.attn")) + attention(&format!("{p}.cross_attn")) + feed_forward(&p))
        .sum();
    let outside = tensor("encoder.positional_embedding".len(), 2, 4 * 1500 * width)
        + tensor("encoder.conv1.weight".len(), 3, 2 * 3 * mel * width)
        + tensor("encoder.conv1.bias".len(), 2, 4 * width)
        + tensor("encoder.conv2.weight".len(), 3, 2 * 3 * width * width)
        + tensor("encoder.conv2.bias".len(), 2, 4 * width)
        + vector("encoder.ln_post.weight", width)
        + vector("encoder.ln_post.bias", width)
        + tensor("decoder.positional_embedding".len(), 2, 4 * 448 * width)
        + matrix("decoder.token_embedding.weight", width * vocabulary)
        + vector("decoder.ln.weight", width)
        + vector("decoder.ln.bias", width);
    4 + 44 + 8 + mel * 201 * 4 + 4 + VOCABULARY_BYTES + encoder + decoder + outside
}

#[test]
fn the_published_sizes_follow_from_the_shapes() {
    const SHAPES: [(&str, u64, u64, u64, u64, u64); 8] = [
        ("tiny", 384, 4, 4, 51_865, 80),
        ("base", 512, 6, 6, 51_865, 80),
        ("small", 768, 12, 12, 51_865, 80),
        ("medium", 1024, 24, 24, 51_865, 80),
        ("large-v1", 1280, 32, 32, 51_865, 80),
        ("large-v2", 1280, 32, 32, 51_865, 80),
        ("large-v3", 1280, 32, 32, 51_866, 128),
        ("large-v3-turbo", 1280, 32, 4, 51_866, 128),
    ];
    for (name, width, audio_layers, text_layers, vocabulary, mel) in SHAPES {
        for (suffix, bytes_of_32) in [("", 64), ("-q5_0", 22), ("-q5_1", 24), ("-q8_0", 34)] {
            let Some(entry) = entry_named(&format!("{name}{suffix}")) else { continue };
            let computed = size_by_format(width, audio_layers, text_layers, vocabulary, mel, bytes_of_32);
            assert_eq!(entry.size_bytes, Some(computed), "{}", entry.name);
        }
    }
}

#[test]
fn only_the_miniature_has_a_short_window() {
    for entry in catalogue() {
        assert_eq!(entry.window_ms_max < 28_000, entry.miniature, "{}", entry.name);
        assert_eq!(entry.pause_ms_max < 28_000, entry.miniature, "{}", entry.name);
        assert!(entry.audio_ctx_margin_ms > 0, "{}", entry.name);
        assert_eq!(entry.url().is_none(), entry.miniature, "{}", entry.name);
    }
}
