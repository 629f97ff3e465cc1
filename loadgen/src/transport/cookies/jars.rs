//! The cookies of all clients of a group.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use frames::handshake::Fields;

use super::{CookieJar, CookiePlace};

/// The cookies of the clients of a group on a worker, which clones share. A client without cookies
/// takes no memory.
#[derive(Clone, Default)]
pub(crate) struct CookieJars(Arc<Mutex<HashMap<u32, CookieJar>>>);

impl CookieJars {
    fn all(&self) -> MutexGuard<'_, HashMap<u32, CookieJar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a response to a client sets.
    pub(crate) fn hear(&self, client: u32, from: CookiePlace<'_>, fields: &Fields) {
        let mut set = fields.all("set-cookie").peekable();
        if set.peek().is_none() {
            return;
        }
        let mut jars = self.all();
        let (jar, now) = (jars.entry(client).or_default(), SystemTime::now());
        set.for_each(|field| jar.set(from, field, now));
        if jar.is_empty() {
            jars.remove(&client);
        }
    }

    /// Whether a client has cookies.
    pub(crate) fn has(&self, client: u32) -> bool {
        self.all().contains_key(&client)
    }

    /// The `Cookie` field of a client's request, of the cookies that are `given` and those that
    /// servers have set. Such a one stands in place of a given cookie of the same name. None if
    /// there is none.
    pub(crate) fn field(&self, client: u32, to: CookiePlace<'_>, given: &[u8]) -> Option<Vec<u8>> {
        let jars = self.all();
        let jar = jars.get(&client)?;
        let set = jar.sent_to(to, SystemTime::now());
        let name = |pair: &[u8]| pair.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii().to_vec();
        let is_set = |pair: &[u8]| set.iter().any(|(of, _)| of.as_bytes() == name(pair));
        let given = given.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let kept = given.filter(|pair| !pair.is_empty() && !is_set(pair)).map(<[u8]>::to_vec);
        let pairs: Vec<_> =
            kept.chain(set.iter().map(|(name, value)| format!("{name}={value}").into_bytes())).collect();
        (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
    }

    /// Does something with the values of a client's cookies, which are secrets.
    pub(crate) fn with_values<T>(&self, client: u32, done: impl FnOnce(&[&str]) -> T) -> T {
        let jars = self.all();
        let values: Vec<_> = jars.get(&client).map(|jar| jar.values().collect()).unwrap_or_default();
        done(&values)
    }
}

/// Without the cookies, which may be secrets.
impl fmt::Debug for CookieJars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cookies of {} clients", self.all().len())
    }
}
