//! Every way to ask finds what it should and nothing else.

use serde_json::json;

use crate::support::{Archive, at};

fn english() -> Archive {
    Archive::of(
        "en",
        &[
            ("refunds", &[("agent", 1, "Billing, hello."), ("customer", 4, "I want two refunds, please.")]),
            ("callback", &[("agent", 2, "We will call back tomorrow."), ("customer", 9, "Thank you for the refund.")]),
            ("back-call", &[("customer", 3, "I am back from the call.")]),
        ],
    )
}

#[test]
fn a_word_is_found_in_any_of_its_forms_and_case() {
    let archive = english();
    assert_eq!(archive.found("REFUND"), ["refunds", "callback"]);
    assert_eq!(archive.found("refunded"), ["refunds", "callback"]);
    assert_eq!(archive.found("wanting"), ["refunds"]);
    assert_eq!(archive.found("mortgage"), Vec::<String>::new());
}

#[test]
fn all_words_must_be_there_wherever() {
    let archive = english();
    assert_eq!(archive.found("refund tomorrow"), ["callback"]);
    assert_eq!(archive.found("refund -tomorrow"), ["refunds"]);
}

#[test]
fn a_phrase_is_its_words_in_a_row_as_written() {
    let archive = english();
    assert_eq!(archive.found("\"call back\""), ["callback"]);
    assert_eq!(archive.found("call back"), ["callback", "back-call"]);
    assert_eq!(archive.found("\"refund\""), ["callback"]);
    assert_eq!(archive.found("\"hello i want\""), Vec::<String>::new(), "no phrase goes from one to the other speaker");
}

#[test]
fn a_beginning_and_a_misspelling_are_enough_when_asked_for() {
    let archive = english();
    assert_eq!(archive.found("tomor*"), ["callback"]);
    assert_eq!(archive.found("tomor"), Vec::<String>::new());
    assert_eq!(archive.found("tomorow~"), ["callback"]);
    assert_eq!(archive.found("biling~"), ["refunds", "callback", "back-call"], "the topic is billing");
}

#[test]
fn who_said_it_counts() {
    let archive = english();
    assert_eq!(archive.found("agent:\"call back\""), ["callback"]);
    assert_eq!(archive.found("customer:\"call back\""), Vec::<String>::new());
    assert_eq!(archive.found("customer:refund agent:hello"), ["refunds"]);
    assert_eq!(archive.found_by("back", Some("Customer")), ["back-call"]);
    assert_eq!(archive.found("customer:refu*"), ["refunds", "callback"]);
}

#[test]
fn spanish_is_found_without_accents_and_in_its_forms() {
    let archive = Archive::of(
        "es",
        &[
            ("song", &[("agent", 1, "Esa canción me gusta.")]),
            ("card", &[("customer", 1, "Perdí mis tarjetas ayer.")]),
            ("bill", &[("customer", 1, "No entiendo la facturación.")]),
        ],
    );
    assert_eq!(archive.found("cancion"), ["song"]);
    assert_eq!(archive.found("canciones"), ["song"]);
    assert_eq!(archive.found("TARJETA"), ["card"]);
    assert_eq!(archive.found("facturaciones"), ["bill"]);
    assert_eq!(archive.found("facturacion"), ["bill"]);
    assert_eq!(archive.snippets("cancion")[0].marks, [(4, 11)]);
}

#[test]
fn scripts_without_spaces_are_found_by_any_part() {
    let archive = Archive::of(
        "ja",
        &[
            ("contract", &[("agent", 1, "ご契約を確認します")]),
            ("thai", &[("customer", 1, "ผมต้องการคืนเงินครับ")]),
            ("hangul", &[("customer", 1, "환불을 원합니다")]),
        ],
    );
    assert_eq!(archive.found("契約"), ["contract"]);
    assert_eq!(archive.found("約契"), Vec::<String>::new());
    assert_eq!(archive.found("คืนเงิน"), ["thai"]);
    assert_eq!(archive.found("환불"), ["hangul"]);
    assert_eq!(archive.snippets("契約")[0].marks, [(1, 3)]);
}

#[test]
fn chinese_and_japanese_phrases_are_their_characters_in_a_row() {
    let archive = Archive::of(
        "zh",
        &[
            ("refund", &[("customer", 2, "你好，我要退款，谢谢。")]),
            ("apart", &[("customer", 1, "我不要了。请退我的款。")]),
            ("katakana", &[("agent", 1, "インターネットのルーターを再起動してください")]),
        ],
    );
    assert_eq!(archive.found("退款"), ["refund"]);
    assert_eq!(archive.found("\"我要退款\""), ["refund"]);
    assert_eq!(archive.found("customer:退款 你好"), ["refund"]);
    assert_eq!(archive.found("ルーター"), ["katakana"]);
    assert_eq!(archive.found("ルータ*"), ["katakana"]);
    let hit = &archive.snippets("退款")[0];
    assert_eq!((hit.marks.as_slice(), hit.start_ms), (&[(5, 7)][..], Some(2000)));
}

#[test]
fn french_is_found_behind_its_apostrophes_and_without_its_accents() {
    let archive = Archive::of("fr", &[("abonnement", &[("customer", 1, "J'ai résilié l’abonnement aujourd'hui.")])]);
    for question in ["abonnement", "resilie", "l'abonnement", "aujourd'hui", "\"résilié l'abonnement\""] {
        assert_eq!(archive.found(question), ["abonnement"], "{question}");
    }
    assert_eq!(archive.snippets("abonnement")[0].marks, [(15, 25)]);
}

#[test]
fn arabic_is_found_with_and_without_vowel_signs() {
    let archive = Archive::of("ar", &[("invoice", &[("customer", 1, "أُريدُ اسْتِرْدادَ الفاتورةِ")])]);
    assert_eq!(archive.found("استرداد"), ["invoice"]);
    assert_eq!(archive.found("اريد الفاتوره"), ["invoice"]);
    assert_eq!(archive.found("فاتورة"), Vec::<String>::new(), "the article is part of the word");
    assert_eq!(archive.found("الفات*"), ["invoice"]);
}

#[test]
fn a_hit_knows_its_second_its_speaker_and_its_marks() {
    let archive = english();
    let snippets = archive.snippets("\"two refunds\"");
    assert_eq!(snippets.len(), 1);
    let hit = &snippets[0];
    assert_eq!((hit.place.as_str(), hit.speaker.clone()), ("speech", Some(("customer".to_owned(), 1))));
    assert_eq!(hit.start_ms, Some(5000), "the third word of a segment that begins at second 4");
    assert_eq!((hit.text.as_str(), hit.marks.as_slice()), ("I want two refunds, please.", &[(7, 18)][..]));
}

#[test]
fn a_long_segment_is_cut_around_what_matches() {
    let words = format!("{} refund {}", "ähm ".repeat(200), "so ".repeat(200));
    let archive = Archive::of("en", &[("long", &[("customer", 0, words.trim())])]);
    let hit = &archive.snippets("refund")[0];
    assert!(hit.text.len() < 400, "{}", hit.text.len());
    let (from, to) = hit.marks[0];
    assert_eq!(hit.text.chars().skip(from).take(to - from).collect::<String>(), "refund");
    assert_eq!(hit.start_ms, Some(100_000));
}

#[test]
fn names_numbers_files_and_summaries_are_found_where_they_stand() {
    let archive = Archive::of("en", &[("kept", &[("agent", 1, "Hello.")])]);
    for question in [
        "zoe",
        "name:Zoë",
        "\"zoe@holm.example\"",
        "0301234567",
        "1234567",
        "number:234567",
        "file:kept",
        "summary:sumario",
    ] {
        assert_eq!(archive.found(question), ["kept"], "{question}");
    }
    assert_eq!(archive.found("topic:zoe"), Vec::<String>::new());
    assert_eq!(archive.found("name:hello"), Vec::<String>::new());
    let hit = &archive.snippets("name:zoe")[0];
    assert_eq!((hit.place.as_str(), hit.start_ms, hit.text.as_str()), ("name", None, "Zoë"));
    assert_eq!(archive.snippets("0301234567")[0].marks, [(1, 14)]);
}

#[test]
fn notes_are_found_ours_and_those_of_the_provider() {
    let archive = Archive::of("en", &[("kept", &[("agent", 1, "Hello.")]), ("other", &[("agent", 1, "Hello.")])]);
    assert_eq!(archive.found("note:clipped"), ["kept", "other"]);
    let hit = &Archive::of("en", &[("alone", &[("agent", 1, "Hello.")])]).snippets("clipped")[0];
    assert_eq!((hit.place.as_str(), hit.start_ms, hit.marks.len()), ("note", None, 1));
    assert!(hit.text.starts_with("Channel 1 is clipped"), "{hit:?}");

    // What a provider made of a call comes later than everything else.
    let id = archive.id("kept");
    let insights = json!({ "summary": "Refund by voucher", "next_steps": [{ "text": "Send the vouchers" }] });
    archive.advise(id, insights);
    assert_eq!(archive.found("note:voucher"), ["kept"], "in any of its forms");
    assert_eq!(archive.found("\"send the vouchers\""), ["kept"]);
    assert_eq!(archive.found("summary:voucher"), Vec::<String>::new(), "it is none of ours");
    archive.store.soft_delete(id, "test", at(2000)).unwrap();
    archive.search.catch_up().unwrap();
    assert_eq!(archive.found("voucher"), Vec::<String>::new());
}
