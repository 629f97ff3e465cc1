//! Values of keys about hosts, proxies and addresses, as the line and the file have them.

use std::{fmt, net::IpAddr, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

use super::{super::value::text_value, values::written_as_displayed};
use crate::plan::{AddressFamily, HostPort, ProxyScheme, Resolve};

/// A proxy, as a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyKey {
    /// How it is spoken to.
    pub scheme: ProxyScheme,
    /// Where it is.
    pub address: HostPort,
}

/// Where to connect to, as `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectToKey(pub HostPort);

/// Addresses of a name, as `HOST:PORT:ADDRESS[,ADDRESS]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveKey(pub Resolve);

/// `any`, `4` or `6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressFamilyKey(pub AddressFamily);

text_value! {
    ProxyKey: { "type": "string", "pattern": "^(https?|socks5h?)://" }
    ConnectToKey: { "type": "string", "pattern": ":[0-9]+$" }
    ResolveKey: { "type": "string", "pattern": ":[0-9]+:.+" }
    AddressFamilyKey: { "enum": ["any", "4", "6", 4, 6] }
}

written_as_displayed! { ProxyKey ConnectToKey ResolveKey AddressFamilyKey }

/// A host and a port.
fn host_port(text: &str) -> Option<HostPort> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    Host::parse(host).ok().map(|host| HostPort { host, port })
}

impl FromStr for ProxyKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ACCEPTED: &str = "expected http://, https://, socks5:// or socks5h://HOST[:PORT]";
        let url = Url::parse(text).map_err(|error| format!("{error}; {ACCEPTED}"))?;
        let schemes = [ProxyScheme::Http, ProxyScheme::Https, ProxyScheme::Socks5, ProxyScheme::Socks5h];
        let scheme = schemes.into_iter().find(|scheme| scheme.name() == url.scheme()).ok_or(ACCEPTED)?;
        if !url.username().is_empty() || url.password().is_some() {
            // On the command line, other users of the machine would see them.
            return Err("it has credentials; give them with --proxy-auth, best as @FILE or env:NAME".to_owned());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(format!("a proxy has no path; {ACCEPTED}"));
        }
        // The host of another scheme than the web's is not parsed.
        let host = url.host_str().filter(|host| !host.is_empty()).and_then(|host| Host::parse(host).ok());
        let host = host.ok_or_else(|| format!("there is no host; {ACCEPTED}"))?;
        let port = url.port().unwrap_or_else(|| scheme.default_port());
        if port == 0 {
            return Err("port 0 can't be connected to".to_owned());
        }
        Ok(Self { scheme, address: HostPort { host, port } })
    }
}

impl FromStr for ConnectToKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        host_port(text).map(Self).ok_or_else(|| "expected HOST:PORT, such as 10.0.0.5:9001 or [::1]:9001".to_owned())
    }
}

impl FromStr for ResolveKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ACCEPTED: &str = "expected HOST:PORT:ADDRESS[,ADDRESS], such as example.org:443:10.0.0.5";
        // The host may be an IPv6 address in brackets, and so may the addresses be.
        let after_host = text.find(']').filter(|_| text.starts_with('[')).unwrap_or(0);
        let ends = text[after_host..].match_indices(':').nth(1).map(|(at, _)| after_host + at);
        let (host, addresses) = text.split_at(ends.ok_or(ACCEPTED)?);
        let host = host_port(host).ok_or(ACCEPTED)?;
        let address = |text: &str| -> Result<IpAddr, String> {
            let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
            bare.parse().map_err(|_| format!("`{text}` is no address; {ACCEPTED}"))
        };
        let addresses = addresses[1..].split(',').map(address).collect::<Result<_, _>>()?;
        Ok(Self(Resolve { host, addresses }))
    }
}

impl FromStr for AddressFamilyKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self(AddressFamily::Any)),
            "4" => Ok(Self(AddressFamily::Ipv4)),
            "6" => Ok(Self(AddressFamily::Ipv6)),
            _ => Err("expected any, 4 or 6".to_owned()),
        }
    }
}

impl fmt::Display for ProxyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.address)
    }
}

impl fmt::Display for ConnectToKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ResolveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses: Vec<_> = self.0.addresses.iter().map(ToString::to_string).collect();
        write!(f, "{}:{}", self.0.host, addresses.join(","))
    }
}

impl fmt::Display for AddressFamilyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            AddressFamily::Any => "any",
            AddressFamily::Ipv4 => "4",
            AddressFamily::Ipv6 => "6",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text is shown as.
    fn shown<T: FromStr<Err = String> + Serialize>(text: &str) -> Result<String, String> {
        text.parse::<T>().map(|value| serde_json::to_value(value).unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn a_proxy_is_a_url_without_a_path_and_without_credentials() {
        assert_eq!(shown::<ProxyKey>("http://proxy").as_deref(), Ok("http://proxy:80"));
        assert_eq!(shown::<ProxyKey>("socks5h://[::1]:9/").as_deref(), Ok("socks5h://[::1]:9"));
        assert_eq!(shown::<ProxyKey>("https://10.0.0.1").as_deref(), Ok("https://10.0.0.1:443"));
        for wrong in ["proxy:80", "ftp://p", "http://p/x", "http://p:0", "http://", "socks5://"] {
            assert!(shown::<ProxyKey>(wrong).is_err(), "{wrong}");
        }
        let told = shown::<ProxyKey>("http://u:sesame@p").unwrap_err();
        assert!(told.contains("--proxy-auth") && !told.contains("sesame"), "{told}");
    }

    #[test]
    fn hosts_have_ports_and_addresses() {
        assert_eq!(shown::<ConnectToKey>("[::1]:9001").as_deref(), Ok("[::1]:9001"));
        assert!(shown::<ConnectToKey>("host").is_err() && shown::<ConnectToKey>("host:0").is_err());
        for right in ["a.example:443:10.0.0.5", "a.example:443:10.0.0.5,::1", "[::2]:1:::1"] {
            assert_eq!(shown::<ResolveKey>(right).as_deref(), Ok(right));
        }
        assert_eq!(shown::<ResolveKey>("a:1:[::1]").as_deref(), Ok("a:1:::1"));
        for wrong in ["a", "a:443", "a:443:", "a:443:b", "a:443:10.0.0.1,"] {
            assert!(shown::<ResolveKey>(wrong).is_err(), "{wrong}");
        }
    }
}
