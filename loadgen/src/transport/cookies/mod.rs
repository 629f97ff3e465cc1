//! Cookies that servers set: RFC 6265, as far as a client without a user needs it.
//!
//! A cookie goes back to the host that set it, and to no other, whatever `Domain` allows. Nothing
//! here asks for the time.

mod date;
mod jars;

use std::time::{Duration, SystemTime};

use self::date::date;
pub(crate) use self::jars::CookieJars;

/// Most cookies of a client. RFC 6265, section 6.1 asks for 50 of a domain at least.
const MOST: usize = 50;

/// Most bytes of a cookie's name and value together: what RFC 6265, section 6.1 asks for at least.
const LARGEST: usize = 4096;

/// Most bytes of a client's names and values. Servers refuse longer heads.
const MOST_BYTES: usize = 16 * 1024;

/// More seconds than a run lasts. Then it does not matter how many more.
const YEAR: u64 = 366 * 24 * 3600;

/// The cookies of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieJar {
    /// The oldest first.
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    host: Box<str>,
    name: Box<str>,
    value: Box<str>,
    path: Box<str>,
    /// For TLS only.
    secure: bool,
    /// None: for as long as the client lives.
    expires: Option<SystemTime>,
}

/// Where a request goes, as far as cookies depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookiePlace<'a> {
    /// Name or address, in lower case. Cookies don't tell ports apart (section 8.5).
    pub(crate) host: &'a str,
    /// The path, without the query.
    pub(crate) path: &'a str,
    /// Over TLS.
    pub(crate) secure: bool,
}

impl CookieJar {
    /// Takes a `Set-Cookie` field of a response from `from`. What is no cookie, or may not be set
    /// from there, is ignored.
    pub(crate) fn set(&mut self, from: CookiePlace<'_>, field: &[u8], now: SystemTime) {
        let Some(cookie) = Cookie::parse(from, field, now) else { return };
        let is_same =
            |other: &Cookie| (&other.host, &other.name, &other.path) == (&cookie.host, &cookie.name, &cookie.path);
        let old = self.cookies.iter().position(is_same);
        match (old, cookie.has_expired(now)) {
            // It keeps its place (section 5.3, step 11).
            (Some(at), false) => self.cookies[at] = cookie,
            (Some(at), true) => drop(self.cookies.remove(at)),
            (None, false) => self.cookies.push(cookie),
            (None, true) => {}
        }
        self.cookies.retain(|cookie| !cookie.has_expired(now));
        while self.cookies.len() > MOST || self.cookies.iter().map(Cookie::bytes).sum::<usize>() > MOST_BYTES {
            self.cookies.remove(0);
        }
    }

    /// Names and values that a request to `to` has: those of longer paths first, then the oldest
    /// (section 5.4).
    pub(crate) fn sent_to(&self, to: CookiePlace<'_>, now: SystemTime) -> Vec<(&str, &str)> {
        let mut sent: Vec<_> =
            self.cookies.iter().filter(|cookie| cookie.goes_to(to) && !cookie.has_expired(now)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        sent.into_iter().map(|cookie| (&*cookie.name, &*cookie.value)).collect()
    }

    /// All values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.cookies.iter().map(|cookie| &*cookie.value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }
}

impl Cookie {
    /// RFC 6265, sections 5.2 and 5.3.
    fn parse(from: CookiePlace<'_>, field: &[u8], now: SystemTime) -> Option<Self> {
        let field = std::str::from_utf8(field).ok().filter(|field| !field.chars().any(char::is_control))?;
        let mut parts = field.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.len() + value.len() > LARGEST {
            return None;
        }
        let mut cookie = Self {
            host: from.host.into(),
            name: name.into(),
            value: value.into(),
            path: default_path(from.path).into(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "expires" => cookie.expires = date(value).or(cookie.expires),
                "max-age" => max_age = age(value, now).or(max_age),
                "domain" if !value.is_empty() && !covers(value, from.host) => return None,
                "path" => cookie.path = if value.starts_with('/') { value } else { default_path(from.path) }.into(),
                // One that was set without TLS may be anybody's.
                "secure" if !from.secure => return None,
                "secure" => cookie.secure = true,
                _ => {}
            }
        }
        cookie.expires = max_age.or(cookie.expires);
        Some(cookie)
    }

    fn has_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn goes_to(&self, to: CookiePlace<'_>) -> bool {
        let below = || to.path.strip_prefix(&*self.path);
        let path = || below().is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        *self.host == *to.host && (to.secure || !self.secure) && path()
    }

    fn bytes(&self) -> usize {
        self.name.len() + self.value.len()
    }
}

/// Names only.
impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}{}", self.name, self.host, self.path)
    }
}

/// The folder of a path: section 5.1.4.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

/// Whether a `Domain` is that of the host, or one above it: section 5.1.3.
fn covers(domain: &str, host: &str) -> bool {
    let domain = domain.strip_prefix('.').unwrap_or(domain).to_ascii_lowercase();
    let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
    host == domain || (is_name && host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.')))
}

/// When a cookie with this `Max-Age` expires: section 5.2.2. None if that is no number.
fn age(value: &str, now: SystemTime) -> Option<SystemTime> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.len() < value.len() {
        return Some(SystemTime::UNIX_EPOCH);
    }
    Some(now + Duration::from_secs(digits.parse().unwrap_or(YEAR).min(YEAR)))
}

#[cfg(test)]
mod tests;
