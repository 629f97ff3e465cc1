//! TLS sessions that clients resume: RFC 8446, section 2.2, and RFC 5246, section 7.3.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::{
    NamedGroup,
    client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue},
    pki_types::ServerName,
};

/// Clients whose sessions are kept, at most: each takes some kilobytes, as the server's
/// certificates belong to it. Beyond, those that have been there longest connect anew.
const MOST_CLIENTS: usize = 65_536;

/// Tickets of TLS 1.3 that a client keeps. Each is good for one connection, and brings new ones.
const MOST_TICKETS: usize = 2;

/// The sessions of the clients of a group. Each client has its own, as users have.
#[derive(Clone, Default)]
pub(super) struct ClientSessions(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    of_client: HashMap<u32, Arc<SessionsOfClient>>,
    /// Clients in the order in which they came.
    order: VecDeque<u32>,
}

impl ClientSessions {
    /// The sessions of a client.
    pub(super) fn of(&self, client: u32) -> Arc<SessionsOfClient> {
        self.of_at_most(client, MOST_CLIENTS)
    }

    fn of_at_most(&self, client: u32, most: usize) -> Arc<SessionsOfClient> {
        let mut kept = locked(&self.0);
        if let Some(found) = kept.of_client.get(&client) {
            return Arc::clone(found);
        }
        if kept.order.len() >= most
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.of_client.remove(&oldest);
        }
        kept.order.push_back(client);
        Arc::clone(kept.of_client.entry(client).or_default())
    }
}

/// Sessions of one client, with one server after the other.
#[derive(Default)]
pub(super) struct SessionsOfClient(Mutex<Sessions>);

#[derive(Default)]
struct Sessions {
    /// With whom. A client has sessions with the server that it spoke to last.
    server: Option<ServerName<'static>>,
    group: Option<NamedGroup>,
    tls12: Option<Tls12ClientSessionValue>,
    tickets: VecDeque<Tls13ClientSessionValue>,
}

impl SessionsOfClient {
    /// The sessions with a server, if it is the last one.
    fn with(&self, server: &ServerName<'_>) -> Option<MutexGuard<'_, Sessions>> {
        let sessions = locked(&self.0);
        (sessions.server.as_ref() == Some(server)).then_some(sessions)
    }

    /// The sessions with a server, which is the last one from now on.
    fn begin(&self, server: ServerName<'static>) -> MutexGuard<'_, Sessions> {
        let mut sessions = locked(&self.0);
        if sessions.server.as_ref() != Some(&server) {
            *sessions = Sessions { server: Some(server), ..Sessions::default() };
        }
        sessions
    }
}

impl ClientSessionStore for SessionsOfClient {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.begin(server).group = Some(group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.with(server)?.group
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.begin(server).tls12 = Some(value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.with(server)?.tls12.clone()
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        if let Some(mut sessions) = self.with(server) {
            sessions.tls12 = None;
        }
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut sessions = self.begin(server);
        if sessions.tickets.len() == MOST_TICKETS {
            sessions.tickets.pop_front();
        }
        sessions.tickets.push_back(value);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.with(server)?.tickets.pop_back()
    }
}

/// What a lock guards. Nothing is left half done under it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Without keys.
impl fmt::Debug for ClientSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientSessions({})", locked(&self.0).order.len())
    }
}

/// Without keys.
impl fmt::Debug for SessionsOfClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionsOfClient")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_and_the_oldest_go_first() {
        let sessions = ClientSessions::default();
        let first = sessions.of_at_most(7, 2);
        assert!(Arc::ptr_eq(&first, &sessions.of_at_most(7, 2)));
        assert!(!Arc::ptr_eq(&first, &sessions.of_at_most(8, 2)));
        let _ = sessions.of_at_most(9, 2);
        assert_eq!(format!("{sessions:?}"), "ClientSessions(2)");
        assert!(!Arc::ptr_eq(&first, &sessions.of_at_most(7, 2)), "it was forgotten");
    }
}
