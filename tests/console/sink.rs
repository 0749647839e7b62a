//! A sink on loopback, that answers as a test wants it to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

/// Takes every request, and says how it went.
pub struct Sink {
    pub address: SocketAddr,
    pub answer: Arc<AtomicU16>,
    /// Requests so far.
    pub heard: Arc<AtomicUsize>,
}

impl Sink {
    pub fn that_answers(status: u16) -> Self {
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

    /// The lines of the configuration that name it; its secret is kept in `folder`.
    pub fn config(&self, folder: &Path, name: &str) -> String {
        let secret = folder.join(name);
        std::fs::write(&secret, "a-secret-of-enough-characters").unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let address = self.address;
        format!(
            "[[notify]]\nname = {name:?}\nurl = \"http://{address}/calls\"\nsecret_file = {secret:?}\n\
             allow_private_addresses = true\nevents = [\"completed\", \"partial\", \"failed\", \"category_matched\"]\n"
        )
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
