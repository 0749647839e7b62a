//! The senders sign as the published vectors say.

use serde_json::Value;

use crate::fakes::examples;
use crate::fakes::twilio::{sign, with_body_digest, with_port, without_port};
use crate::fakes::webex::{spark_signature, webex_signature};

fn params(vector: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vector["params"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
}

#[test]
fn twilio_signs_as_its_vectors_say() {
    let vectors = examples::json("twilio_signature_vectors.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 8);
    for vector in vectors {
        let (token, url) = (vector["token"].as_str().unwrap(), vector["url"].as_str().unwrap());
        assert_eq!(sign(token, url, &params(vector)), vector["expected_signature"], "{}", vector["name"]);
        if let Some(body) = vector["body"].as_str() {
            let bare = url.split("&bodySHA256").next().unwrap().split("?bodySHA256").next().unwrap();
            assert_eq!(with_body_digest(bare, body), url, "{}", vector["name"]);
        }
    }
}

#[test]
fn the_schemes_own_port_can_be_written_out_and_left_out() {
    assert_eq!(with_port("https://a.example/x?y=1"), "https://a.example:443/x?y=1");
    assert_eq!(with_port("http://a.example/x"), "http://a.example:80/x");
    assert_eq!(with_port("http://a.example:1234/x"), "http://a.example:1234/x");
    assert_eq!(without_port("https://a.example:443/x"), "https://a.example/x");
    assert_eq!(without_port("http://a.example:443/x"), "http://a.example:443/x");
}

#[test]
fn webex_signs_as_its_vectors_say() {
    let vectors = examples::json("webex_signature_vectors.json");
    let (secret, body) = (vectors["secret"].as_str().unwrap(), vectors["body"].as_str().unwrap());
    assert_eq!(spark_signature(secret, body.as_bytes()), vectors["sha1"]);
    assert_eq!(webex_signature(secret, body.as_bytes()), vectors["headers"]["X-Webex-Signature"]);
}
