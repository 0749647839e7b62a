//! What sinks were told is seen, and told again, from the console.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use crate::common::TestDaemon;
use crate::person::{Person, drop_call, wait_for_calls};

/// A sink on loopback.
struct Sink {
    address: SocketAddr,
    answer: Arc<AtomicU16>,
    heard: Arc<AtomicUsize>,
}

impl Sink {
    fn that_answers(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (answer, heard) = (Arc::new(AtomicU16::new(status)), Arc::new(AtomicUsize::new(0)));
        let shared = (Arc::clone(&answer), Arc::clone(&heard));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(stream, shared.0.load(Ordering::SeqCst));
                shared.1.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, answer, heard }
    }
}

/// One request to its end, and its answer.
fn take(stream: TcpStream, status: u16) {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    let _whole = reader.read_exact(&mut body);
    let _sent = write!(reader.get_mut(), "HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

#[test]
fn a_delivery_is_seen_and_replayed_from_its_page() {
    let sink = Sink::that_answers(200);
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a-secret-of-enough-characters").unwrap();
    let config = format!(
        "[[notify]]\nname = \"crm\"\nurl = \"http://{}/calls\"\nsecret_file = {:?}\nallow_private_addresses = true\n",
        sink.address,
        secret.path(),
    );
    let person = Person::at(TestDaemon::start(&config));
    let browser = &person.browser;
    drop_call(&person.daemon, "en-refund.wav", "call.wav");
    wait_for_calls(&person.daemon, 1);
    person.go("/system");
    browser.click("a[href='/system/webhooks/crm']");
    browser
        .wait_until("it was delivered", "return document.querySelectorAll('#deliveries .badge.is-done').length === 1");
    let row = browser.text("#deliveries tbody tr");
    assert!(row.contains("call.wav") && row.contains("completed") && row.contains("Delivered"), "{row}");
    browser.take_picture("webhook-delivered");

    // Refused the second time, it stands as pending with the reason; taken the third, it is delivered.
    sink.answer.store(503, Ordering::SeqCst);
    browser.run("window.isTheSame = true");
    browser.click("#deliveries form[action$='/replay'] button");
    browser.wait_until(
        "the reason is shown",
        "return /503/.test(document.querySelector('#deliveries tbody')?.innerText ?? '')",
    );
    assert!(browser.text("#deliveries tbody tr").contains("Pending"));
    assert_eq!(browser.run("return window.isTheSame === true"), true);
    assert_eq!(sink.heard.load(Ordering::SeqCst), 2);

    sink.answer.store(200, Ordering::SeqCst);
    browser.click("form[data-api=tests] button");
    browser.wait_until(
        "the test went well",
        "return /took the test event/.test(document.querySelector('.outcome').innerText)",
    );
    person.go("/system");
    assert!(browser.text("[aria-labelledby=egress]").contains(&sink.address.to_string()), "where data has gone");
    person.heard_no_complaint();
}
