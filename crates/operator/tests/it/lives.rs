//! From the first invite to the removal, at every provider that there is.

use orgform_sim::{Options, Simulator, World, packetfabric, pureport, xarios};

use crate::bed::{Bed, ROLE};

const ACCOUNT: &str = "\
apiVersion: orgform.dev/v1alpha1
kind: Account
metadata: { name: acme }
spec: { providerRef: { name: provider }, displayName: Acme }
---
";

/// A Provider with its credential in a Secret of the same name.
fn provider(bed: &Bed, kind: &str, url: &str, credential: &[(&str, &str)], more: &str) -> String {
    let texts: Vec<String> =
        credential.iter().map(|(field, text)| format!("--from-literal={field}={text}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    bed.kubectl(&[&["create", "secret", "generic", "provider"], &texts[..]].concat());
    let fields: String = credential
        .iter()
        .map(|(field, _)| format!("      {field}: {{ secretKeyRef: {{ name: provider, key: {field} }} }}\n"))
        .collect();
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Provider\nmetadata: {{ name: provider }}\nspec:\n  {kind}:\n    endpoint: \
         {url}\n    credentials:\n{fields}{more}---\n"
    )
}

fn member(role: &str, more: &str) -> String {
    format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: ada }}\nspec:\n  email: ada@acme.example\n  \
         memberships: [{{ accountRef: {{ name: acme }}, roles: [{role}] }}]\n{more}---\n"
    )
}

/// Ada comes, joins, and goes; the operator is replaced in between. Mails to her, as counted by the simulator.
fn live<W: World>(bed: &Bed, sim: &Simulator<W>, objects: &str, accept: W::Act) -> u64 {
    bed.apply(objects);
    let mut operator = bed.operator();
    bed.wait("omem/ada", "condition=Ready");
    sim.act(accept).unwrap();
    bed.kubectl(&["annotate", "oprov/provider", "orgform.dev/reconcile-at=joined"]);
    bed.wait("omem/ada", "condition=Joined");
    operator.kill();

    let writes = sim.stats().writes;
    let mut operator = bed.operator_as(bed.kubeconfig(), &["--lease-name=next"]);
    operator.wait_for_pass();
    assert_eq!(sim.stats().writes, writes, "who comes next finds all as it should be");
    bed.kubectl(&["delete", "omem/ada", "--timeout=180s"]);
    assert!(sim.stats().writes > writes);
    let told = bed.kubectl(&["events", "--for", "provider.orgform.dev/provider", "--types=Normal"]);
    assert!(
        told.contains("Applied") && told.contains("Done: remove provider/acme:member/ada@acme.example."),
        "{told}"
    );
    let said = operator.said() + &bed.kubectl(&["get", "oprov,oacc,events", "-o", "yaml"]);
    assert!(!operator.said().contains("ada@acme.example"), "a person was told of in the log");
    for secret in sim.secrets() {
        assert!(!said.contains(&secret), "a secret was told");
    }
    sim.stats().mails_by_recipient.get("ada@acme.example").copied().unwrap_or(0)
}

fn options<S: Default>() -> Options<S> {
    Options { root_account: "Acme".to_owned(), ..Options::default() }
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn somebody_comes_and_goes_at_pureport() {
    let bed = Bed::new();
    let sim = bed.runtime.block_on(pureport::start(options())).unwrap();
    let (key, secret) = pureport::Sim::admin_key();
    let provider = provider(&bed, "pureport", &sim.url(), &[("key", key), ("secret", secret)], "");
    let objects = provider + ROLE + ACCOUNT + &member("read-only", "");
    let accept = pureport::Act::AcceptAll { except: 0.0, seed: 0 };
    assert_eq!(live(&bed, &sim, &objects, accept), 1);
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn somebody_comes_and_goes_at_packetfabric_and_a_password_comes_from_a_secret() {
    let bed = Bed::new();
    let sim = bed.runtime.block_on(packetfabric::start(options())).unwrap();
    let credential =
        [("apiKey", packetfabric::Sim::admin_key()), ("apiKeyId", packetfabric::Sim::admin_key_id())];
    let more = "  runsAs: founder@acme.example\n  safety: { allow: [Irreversible], admins: { minimum: 1 } }\n  removal: { \
                members: Remove }\n";
    let provider = provider(&bed, "packetfabric", &sim.url(), &credential, more);
    bed.kubectl(&["create", "secret", "generic", "wallboard", "--from-literal=password=Wall-board-2026!"]);
    let made = "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: { name: wallboard }\nspec:\n  email: \
                wallboard@acme.example\n  memberships: [{ accountRef: { name: acme }, roles: [read-only] }]\n  \
                onboarding: Create\n  firstName: Wall\n  lastName: Board\n  phone: +44 20 7946 0100\n  timezone: \
                Europe/London\n  login: wallboard\n  password: { secretKeyRef: { name: wallboard, key: password } }\n---\n";
    let objects = provider + ACCOUNT + &member("regular", "") + made;
    let accept = packetfabric::Act::AcceptAll { except: 0.0, seed: 0 };
    assert_eq!(live(&bed, &sim, &objects, accept), 1);
    bed.wait("omem/wallboard", "condition=Joined");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn somebody_comes_and_goes_at_xarios_and_the_refresh_token_is_kept_in_a_secret() {
    let bed = Bed::new();
    let sim = bed.runtime.block_on(xarios::start(options())).unwrap();
    let xarios::Approval { client_id, client_secret, refresh_token } = xarios::Sim::admin();
    let credential =
        [("clientId", client_id), ("clientSecret", client_secret), ("refreshToken", refresh_token)];
    let more = "  runsAs: ops@acme.example\n  safety: { allow: [WiderReach, Irreversible], admins: { minimum: 1 } }\n";
    let provider = provider(&bed, "xarios", &sim.url(), &credential, more);
    let objects = provider + ACCOUNT + &member("branding.admin", "  firstName: Ada\n  lastName: Lovelace\n");
    let accept = xarios::Act::ActivateAll { except: 0.0, seed: 0 };
    assert_eq!(live(&bed, &sim, &objects, accept), 1);
    // The approval was good for one log-in; the second operator used what the first had kept.
    assert_eq!(bed.get("secret/orgform-token-provider", "{.type}"), "Opaque");
}
