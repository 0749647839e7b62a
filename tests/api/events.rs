//! Events to listeners that do not read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use callscribe::call::{CallFacts, ProviderKind, RecordingKey};
use callscribe::store::NewRecording;

use crate::common::{PATIENCE, wait_until};
use crate::seed::{Served, at};

fn listen(served: &Served) -> TcpStream {
    let mut stream = TcpStream::connect(served.http.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (host, token) = (served.http.address, &served.http.token);
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    stream
}

fn thousand(served: &Served, round: usize) {
    let account = "inbox".parse().unwrap();
    let new = |number: usize| NewRecording {
        key: RecordingKey {
            provider: ProviderKind::Folder,
            account: "inbox".parse().unwrap(),
            remote_id: format!("{round}-{number}"),
        },
        call: CallFacts::default(),
        locator: format!("/srv/calls/{round}-{number}.wav"),
        returned: false,
        opinion_due: None,
    };
    let found: Vec<NewRecording> = (0..1000).map(new).collect();
    let source = (ProviderKind::Folder, &account);
    served.store.insert_discovered(source, &found, &[], None, at("2026-11-20T12:00:00Z")).unwrap();
}

#[test]
fn a_listener_that_does_not_read_is_dropped_and_harms_nobody() {
    let served = Served::empty();
    let mut stalled = listen(&served);
    let mut head = [0; 12];
    stalled.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let mut reading = listen(&served);
    let reader = std::thread::spawn(move || {
        let (mut bytes, mut piece) = (0, vec![0; 64 * 1024]);
        loop {
            match reading.read(&mut piece) {
                Ok(0) | Err(_) => return bytes,
                Ok(read) => bytes += read,
            }
        }
    });
    // Far more than a connection's buffers and a listener's queue hold together.
    let mut round = 0;
    wait_until("the stalled connection is closed", || {
        thousand(&served, round);
        round += 1;
        // Only a closed connection takes no more bytes from us.
        stalled.write_all(b"\r\n").is_err().then_some(())
    });
    assert_eq!(served.http.get("/healthz").status, 200);
    drop(served);
    assert!(reader.join().unwrap() > 1_000_000, "the other listener heard it all");
}
