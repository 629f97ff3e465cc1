//! Stands in front of the reference server and answers opening handshakes in its own way.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::{PATIENCE, Reference};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum HandshakeAnswer {
    /// The reference server answers, and these lines are added to its answer.
    Passes(String),
    /// This is the answer, and the connection ends.
    Answers(String),
}

pub(crate) struct HandshakeProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    server: Reference,
}

impl HandshakeProxy {
    /// A proxy that answers each request, counted from 0, as `answer` says. Its threads end with
    /// their connections, or with the test.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> HandshakeAnswer + Send + Sync + 'static) -> Self {
        let (server, listener) = (Reference::start(server::Reply::Echo), TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let (address, behind) = (listener.local_addr().expect("bound"), server.address());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (all, answer, client) = (Arc::clone(&all), Arc::clone(&answer), client.expect("a connection"));
                // It ends as its client wants.
                thread::spawn(move || serve(client, behind, &all, &*answer).is_ok());
            }
        });
        Self { address, requests, server }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The requests so far, in the order in which they came.
    pub(crate) fn finish(self) -> Vec<String> {
        self.server.finish();
        std::mem::take(&mut self.requests.lock().expect("no panic"))
    }
}

fn serve(
    mut client: TcpStream,
    behind: SocketAddr,
    requests: &Mutex<Vec<String>>,
    answer: &dyn Fn(usize, &str) -> HandshakeAnswer,
) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let request = head(&mut client)?;
    let index = {
        let mut requests = requests.lock().expect("no panic");
        requests.push(request.clone());
        requests.len() - 1
    };
    let added = match answer(index, &request) {
        HandshakeAnswer::Passes(added) => added,
        HandshakeAnswer::Answers(answer) => {
            client.write_all(answer.as_bytes())?;
            client.shutdown(Shutdown::Write)?;
            return client.read_to_end(&mut Vec::new()).map(drop);
        }
    };
    let mut server = TcpStream::connect(behind)?;
    server.write_all(request.as_bytes())?;
    let response = head(&mut server)?.replace("\r\n\r\n", &format!("\r\n{added}\r\n"));
    client.write_all(response.as_bytes())?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || {
        let copied = io::copy(&mut from_client, &mut to_server);
        copied.and(to_server.shutdown(Shutdown::Write)).is_ok()
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)?;
    up.join().expect("no panic");
    Ok(())
}

/// Reads a head to its empty line.
fn head(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8(head).expect("text"))
}
