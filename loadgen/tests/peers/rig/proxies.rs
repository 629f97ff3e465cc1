//! What may stand between clients and their server, each with a script `serve` in its folder.

use super::Language;

const fn serves(name: &'static str, installed: &'static str) -> Language {
    Language { name, interpreter: "python3", suffix: "", installed }
}

pub(crate) const NGINX: Language = serves("nginx", "/usr/sbin/nginx");
pub(crate) const HAPROXY: Language = serves("haproxy", "/usr/sbin/haproxy");
pub(crate) const TINYPROXY: Language = serves("tinyproxy", "/usr/bin/tinyproxy");
pub(crate) const SQUID: Language = serves("squid", "/usr/sbin/squid");
pub(crate) const MICROSOCKS: Language = serves("microsocks", "/usr/bin/microsocks");
/// `openssl s_server`.
pub(crate) const S_SERVER: Language = serves("openssl", "/usr/bin/openssl");
