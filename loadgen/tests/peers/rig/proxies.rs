//! What may stand between clients and their server, each with a script `serve` in its folder.

use super::Language;

const fn serves(name: &'static str, installed: &'static str) -> Language {
    Language { name, interpreter: "python3", suffix: "", installed }
}

pub(crate) const NGINX: Language = serves("nginx", "/usr/sbin/nginx");
pub(crate) const HAPROXY: Language = serves("haproxy", "/usr/sbin/haproxy");
