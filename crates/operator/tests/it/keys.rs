//! API keys: a secret that is shown once is put into a Secret, and told nowhere.

use crate::bed::{ACCOUNT, Bed, ROLE};

const KEY: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: ApiKey
metadata: { name: ci }
spec:
  accountRef: { name: acme }
  displayName: Pipeline
  roles: [read-only]
  writeSecretTo: { secretKeyRef: { name: ci, key: secret } }
---
";

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_key_is_made_once_its_secret_is_told_nowhere_and_one_that_is_missing_is_made_again_when_asked_for() {
    let bed = Bed::new();
    bed.secret();
    bed.apply(&(bed.provider("") + ROLE + ACCOUNT + KEY));
    let mut operator = bed.operator_as(bed.kubeconfig(), &["--log-level=debug"]);
    bed.wait("okey/ci", "condition=Ready");
    bed.wait("okey/ci", "jsonpath={.status.secret}=Stored");
    bed.wait("orole/read-only", "jsonpath={.status.holders}=1");
    let first = bed.get("okey/ci", "{.status.externalId}");
    let data = |name: &str| {
        bed.kubectl(&[
            "get",
            "secret/ci",
            "-o",
            &format!("go-template={{{{index .data \"{name}\" | base64decode}}}}"),
        ])
    };
    assert_eq!(data("secret.id"), first);
    let secret = data("secret");
    assert!(!secret.is_empty());

    let asked = |id: &str| {
        bed.kubectl(&["annotate", "okey/ci", "--overwrite", &format!("orgform.dev/remake={id}")]);
    };
    asked("another");
    bed.kubectl(&["delete", "secret/ci"]);
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=gone"]);
    bed.wait("okey/ci", "jsonpath={.status.secret}=Missing");
    let said = bed.message("okey/ci");
    assert!(
        said.contains(&format!("-n {} --overwrite orgform.dev/remake={first}`", bed.namespace)),
        "{said}"
    );
    assert_eq!(bed.get("okey/ci", "{.status.externalId}"), first, "nobody asked for another one");

    asked(&first);
    bed.wait("okey/ci", "jsonpath={.status.secret}=Stored");
    let second = bed.get("okey/ci", "{.status.externalId}");
    assert_ne!(first, second);
    assert_eq!(data("secret.id"), second);
    bed.wait("oprov/pureport", "condition=Ready");
    let writes = bed.sim.stats().writes;
    operator.hush();
    bed.kubectl(&["annotate", "oprov/pureport", "--overwrite", "orgform.dev/reconcile-at=again"]);
    operator.wait_for_pass();
    assert_eq!(bed.sim.stats().writes, writes, "a key is replaced once");
    assert_eq!(bed.get("okey/ci", "{.status.externalId}"), second);

    let objects = bed.kubectl(&["get", "oprov,oacc,orole,okey,events", "-o", "yaml"]);
    for secret in [secret, data("secret")] {
        assert!(!objects.contains(&secret) && !operator.said().contains(&secret));
    }
}
