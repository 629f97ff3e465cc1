//! Finds what does not fit together in TLS.

use super::about;
use crate::plan::{Group, PlanError, ProxyScheme, Target};

/// Finds options of TLS that would do nothing, or that contradict each other.
pub(super) fn check(index: usize, group: &Group) -> Result<(), PlanError> {
    let refused = |key, why: &str| Err(about(index, key, why.to_owned()));
    if let Some((key, why)) = of_target(group) {
        return Err(about(index, key, why));
    }
    let tls = &group.connect.tls;
    if tls.insecure && !tls.authorities.is_empty() {
        return refused(
            "cacert",
            "--insecure takes any certificate, so these would not matter; leave one of the two out",
        );
    }
    if tls.resume && group.sessions.reconnect.is_none() {
        let why = "each client connects once only, so there is nothing to resume; give --reconnect, with --session or what \
                   else ends connections";
        return refused("tls_resume", why);
    }
    Ok(())
}

/// Finds that the server that the run starts is to speak TLS with some groups only.
pub(super) fn check_embedded(groups: &[Group]) -> Result<(), PlanError> {
    let mut embedded = (0..).zip(groups).filter(|(_, group)| group.target == Target::Embedded);
    let Some((_, first)) = embedded.next() else { return Ok(()) };
    match embedded.find(|(_, group)| group.connect.tls.embedded != first.connect.tls.embedded) {
        Some((index, _)) => {
            let why = "the server that loadgen starts speaks TLS with all groups or with none; give it once, for all";
            Err(about(index, "tls", why.to_owned()))
        }
        None => Ok(()),
    }
}

/// An option that does nothing for the target, and what to do about it.
fn of_target(group: &Group) -> Option<(&'static str, String)> {
    let tls = &group.connect.tls;
    match group.target.urls() {
        [] if !tls.embedded => {
            let why = "the server that loadgen starts speaks no TLS; give --tls, too";
            given(group, false).next().map(|key| (key, why.to_owned()))
        }
        [] => {
            let key = given(group, false).find(|key| !["tls", "tls_resume"].contains(key))?;
            let why = match key {
                "insecure" | "cacert" => "its clients trust the server that loadgen starts",
                "sni" => "the server that loadgen starts has a certificate for its address only",
                _ => "the server that loadgen starts asks for no certificate",
            };
            Some((key, format!("{why}; leave it out")))
        }
        urls if urls.iter().any(|url| url.scheme() == "wss") || group.connect.request.max_redirects > 0 => None,
        [url, ..] => {
            let to_proxy = group.connect.network_path.proxy.as_ref();
            let key = given(group, to_proxy.is_some_and(|proxy| proxy.scheme == ProxyScheme::Https)).next()?;
            Some((key, format!("there is no TLS with {}; try wss://", url.shown())))
        }
    }
}

/// The options of TLS that are given, besides those that are about TLS to a proxy as well.
fn given(group: &Group, to_proxy: bool) -> impl Iterator<Item = &'static str> {
    let tls = &group.connect.tls;
    let options = [
        ("tls", tls.embedded || tls.version.is_some()),
        ("cacert", !tls.authorities.is_empty() && !to_proxy),
        ("insecure", tls.insecure && !to_proxy),
        ("cert", tls.certificate.is_some()),
        ("sni", tls.server_name.is_some()),
        ("tls_resume", tls.resume),
    ];
    options.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        ClientCertificate, Connect, HostPort, Jitter, NetworkPath, Proxy, Reconnect, Sessions, TlsOptions, TlsVersion,
    };

    fn group(url: Option<&str>, tls: TlsOptions) -> Group {
        let target = url.map_or(Target::Embedded, |url| Target::Url(url.parse().unwrap()));
        Group { target, connect: Connect { tls, ..Connect::default() }, ..Group::default() }
    }

    fn each() -> Vec<(&'static str, TlsOptions)> {
        let template = |text: &str| text.parse().unwrap();
        let certificate = ClientCertificate { certificate: template("c.pem"), key: template("k.pem") };
        let none = TlsOptions::default;
        vec![
            ("tls", TlsOptions { version: Some(TlsVersion::Tls12), embedded: true, ..none() }),
            ("cacert", TlsOptions { authorities: vec!["ca.pem".into()], ..none() }),
            ("insecure", TlsOptions { insecure: true, ..none() }),
            ("cert", TlsOptions { certificate: Some(certificate), ..none() }),
            ("sni", TlsOptions { server_name: Some("a.b".to_owned()), ..none() }),
            ("tls_resume", TlsOptions { resume: true, ..none() }),
        ]
    }

    fn refusal(group: &Group) -> Option<(&'static str, String)> {
        check(0, group).err().map(|error| (error.key, error.why))
    }

    #[test]
    fn what_does_nothing_for_the_target_is_refused() {
        for (key, tls) in each() {
            let (refused, why) = refusal(&group(Some("ws://user:secret@h/x?token=1"), tls.clone())).unwrap();
            assert_eq!((refused, why.as_str()), (key, "there is no TLS with ws://h/x; try wss://"));
            if key != "tls" {
                let (refused, why) = refusal(&group(None, tls.clone())).unwrap();
                assert_eq!((refused, why.ends_with("give --tls, too")), (key, true), "{why}");
            }
            let embedded = refusal(&group(None, TlsOptions { embedded: true, version: None, ..tls.clone() }));
            match key {
                "tls" => assert_eq!(embedded, None),
                "tls_resume" => assert_eq!(embedded.unwrap().0, key, "without --reconnect"),
                _ => assert!(embedded.unwrap().1.ends_with("leave it out"), "{key}"),
            }
            let secure = refusal(&group(Some("wss://h/"), tls));
            assert_eq!(secure.is_some(), key == "tls_resume", "{key}");
        }
    }

    #[test]
    fn the_embedded_server_speaks_tls_with_all_or_none() {
        let speaking = |embedded| group(None, TlsOptions { embedded, ..TlsOptions::default() });
        let elsewhere = || group(Some("ws://h/"), TlsOptions::default());
        assert_eq!(check_embedded(&[speaking(true), elsewhere(), speaking(true)]), Ok(()));
        let refused = check_embedded(&[elsewhere(), speaking(true), speaking(false)]).unwrap_err();
        assert_eq!((refused.group, refused.key), (Some(2), "tls"));
    }

    #[test]
    fn clients_that_come_back_may_resume() {
        let reconnect = Reconnect {
            min: std::time::Duration::from_secs(1),
            max: std::time::Duration::from_secs(1),
            jitter: Jitter::None,
        };
        let resuming = group(Some("wss://h/"), TlsOptions { resume: true, ..TlsOptions::default() });
        let sessions = Sessions { reconnect: Some(reconnect), ..Sessions::default() };
        assert_eq!(check(0, &Group { sessions, ..resuming }), Ok(()));
    }

    #[test]
    fn trust_is_also_for_a_proxy_and_never_twice() {
        let authorities = vec!["ca.pem".into()];
        let mut proxied = group(Some("ws://h/"), TlsOptions { authorities, ..TlsOptions::default() });
        let address = HostPort { host: url::Host::Domain("p".to_owned()), port: 1 };
        let proxy = Proxy { scheme: ProxyScheme::Https, address, credentials: None };
        proxied.connect.network_path = NetworkPath { proxy: Some(proxy), ..NetworkPath::default() };
        assert_eq!(check(0, &proxied), Ok(()));
        proxied.connect.tls.insecure = true;
        assert_eq!(refusal(&proxied).unwrap().0, "cacert");
    }
}
