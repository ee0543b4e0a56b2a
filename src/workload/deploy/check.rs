//! A check of an operator's terms: where they contradict each other, or what the image promises.

use super::{Budget, Terms};
use crate::image::contract::{Port, Protocol};
use crate::workload::finding::{self, Finding};

impl Terms {
    /// What is wrong with them, or worth knowing, for an image that listens on `ports`; errors first.
    pub fn findings(&self, ports: &[Port]) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(ingress) = &self.ingress
            && !ports.iter().any(|p| p.protocol == Protocol::Tcp)
        {
            let host = ingress.host.as_str();
            let message =
                format!("deploy.ingress sends requests for {host} to a port, but the image exposes no TCP port");
            found.push(Finding::of(&finding::NO_PORT, message));
        }
        let pods = self.least();
        let stuck = match &self.disruption_budget {
            Some(Budget::MinAvailable(count)) => count.of(pods) >= pods,
            Some(Budget::MaxUnavailable(count)) => count.of(pods) == 0,
            None => false,
        };
        if stuck && pods > 0 {
            let message = format!(
                "deploy.disruption-budget lets none of {pods} Pods go, so no node that runs one can be drained"
            );
            found.push(Finding::of(&finding::NO_DISRUPTION, message));
        }
        if self.is_tied_to_a_node() && self.most() > 1 {
            let message =
                format!("up to {} Pods share a claim that one node at a time can mount (deploy.volumes)", self.most());
            found.push(Finding::of(&finding::ONE_NODE, message));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::workload::deploy::{AccessMode, Autoscaler, Count, Ingress, Source, Volume};

    fn codes(terms: &Terms, ports: &[Port]) -> Vec<&'static str> {
        terms.findings(ports).iter().map(|f| f.code).collect()
    }

    #[test]
    fn an_ingress_needs_a_tcp_port() {
        let ingress = Ingress {
            host: "a.example".parse().unwrap(),
            path: "/".parse().unwrap(),
            class: None,
            tls_secret: None,
            annotations: std::collections::BTreeMap::new(),
        };
        let terms = Terms { ingress: Some(ingress), ..Terms::default() };
        assert_eq!(codes(&terms, &[Port { port: 53, protocol: Protocol::Udp }]), ["PD501"]);
        assert!(codes(&terms, &[Port { port: 80, protocol: Protocol::Tcp }]).is_empty());
    }

    #[test]
    fn a_budget_must_let_a_pod_go() {
        let part = |text: &str| Count::Part(text.parse().unwrap());
        let with = |replicas, budget| Terms { replicas, disruption_budget: Some(budget), ..Terms::default() };
        assert_eq!(codes(&with(2, Budget::MinAvailable(Count::Number(2))), &[]), ["PD502"]);
        assert_eq!(codes(&with(2, Budget::MinAvailable(part("51%"))), &[]), ["PD502"]);
        assert_eq!(codes(&with(2, Budget::MaxUnavailable(Count::Number(0))), &[]), ["PD502"]);
        assert!(codes(&with(2, Budget::MinAvailable(part("50%"))), &[]).is_empty());
        assert!(codes(&with(2, Budget::MaxUnavailable(part("1%"))), &[]).is_empty());
    }

    #[test]
    fn pods_of_several_nodes_cannot_share_one_nodes_claim() {
        let volume = |access_mode| Volume {
            path: "/data".parse().unwrap(),
            read_only: false,
            source: Source::New { size: "1Gi".parse().unwrap(), storage_class: None, access_mode },
        };
        let with = |mode| Terms {
            volumes: [("data".parse().unwrap(), volume(mode))].into(),
            autoscaler: Some(Autoscaler { min: 1, max: 2, cpu: Some(80), memory: None }),
            ..Terms::default()
        };
        assert_eq!(codes(&with(AccessMode::ReadWriteOnce), &[]), ["PD503"]);
        assert!(codes(&with(AccessMode::ReadWriteMany), &[]).is_empty());
    }
}
