//! A number that processes with the same plan agree on.

use super::{GroupKeys, PlanKeys};

impl PlanKeys {
    /// 32 bits that are equal for equal groups. What processes that share a run may differ in is
    /// left out: threads, the seed, source addresses, and the folders of files. So are secrets, as
    /// results may show what is made of the fingerprint.
    pub fn fingerprint(&self) -> u32 {
        let mut keys = self.clone().masked();
        (keys.run.generator.seed, keys.run.generator.threads) = (None, None);
        for GroupKeys { message, connect, tls, .. } in keys.group.iter_mut().map(|group| &mut group.keys) {
            (message.data, connect.source_ip) = (None, None);
            (tls.cacert, tls.cert, tls.key) = (None, None, None);
        }
        crc32c::crc32c(keys.to_toml().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::keys::PlanFile;

    fn fingerprint(plan: &str) -> u32 {
        let file = PlanFile::parse("plan.toml", plan.to_owned()).unwrap();
        let plan = file.plan(<_>::default(), <_>::default()).unwrap();
        PlanKeys::of(&plan).fingerprint()
    }

    #[test]
    fn processes_that_share_a_run_agree() {
        let plan = "target = 'wss://127.0.0.1:9001/'\nclients = 8\n";
        let of = |more: &str| fingerprint(&format!("{plan}{more}"));
        let same = of("");
        for more in ["threads = 2", "seed = 7", "source_ip = ['10.0.0.1']", "cacert = ['/a/ca.pem']"] {
            assert_eq!(of(more), same, "{more}");
        }
        let [one, other] = ["u:p@127.0.0.1/?token=1", "v:q@127.0.0.1/?token=2"];
        let [one, other] = [one, other].map(|url| fingerprint(&format!("target = 'wss://{url}'")));
        assert_eq!(one, other, "no secret");
        for more in ["rate = 51", "warmup = '2s'", "connect_rate = 7", "header = ['X-Tenant: 1']"] {
            assert_ne!(of(more), same, "{more}");
        }
    }
}
