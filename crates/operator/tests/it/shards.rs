//! Shards: several copies work at once, each for its Providers, and speak together of people who are at several.

use std::time::{Duration, Instant};

use orgform_sim::pureport::{self, Sim};
use orgform_sim::{Kind, Moment, Options};
use sha2::{Digest, Sha256};

use crate::bed::{Bed, Operator, ROLE, plane};

/// A name of a Provider that belongs to the first or the second of two shards.
fn provider_of(namespace: &str, shard: u64) -> String {
    let is_there = |name: &String| {
        let hash = Sha256::digest(format!("{namespace}/{name}"));
        u64::from_be_bytes(hash[..8].try_into().unwrap()) % 2 == shard
    };
    (0..).map(|number| format!("provider-{number}")).find(is_there).unwrap()
}

/// Two Providers of two shards, each with a server of its own.
struct Two {
    bed: Bed,
    beta: Sim,
    names: [String; 2],
}

impl Two {
    fn new() -> Self {
        let bed = Bed::new();
        bed.secret();
        let options = Options { root_account: "Beta".to_owned(), ..Options::default() };
        let beta = bed.runtime.block_on(pureport::start(options)).unwrap();
        let names = [0, 1].map(|shard| provider_of(&bed.namespace, shard));
        let provider = |name: &str, url: &str| {
            let text = bed.provider("").replace(&bed.sim.url(), url);
            text.replace("metadata: { name: pureport }", &format!("metadata: {{ name: {name} }}"))
        };
        let account = |name: &str, provider: &str, title: &str| {
            format!(
                "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: {name} }}\nspec: {{ providerRef: {{ \
                 name: {provider} }}, displayName: {title} }}\n---\n"
            )
        };
        let role = ROLE.replace("{ name: read-only }", "{ name: looks-on }").replace("acme", "beta");
        bed.apply(
            &(provider(&names[0], &bed.sim.url())
                + &provider(&names[1], &beta.url())
                + &account("acme", &names[0], "Acme")
                + &account("beta", &names[1], "Beta")
                + ROLE
                + &role),
        );
        Self { bed, beta, names }
    }

    fn member(&self, name: &str, memberships: &[(&str, &str)]) {
        let memberships: Vec<String> = memberships
            .iter()
            .map(|(account, role)| format!("{{ accountRef: {{ name: {account} }}, roles: [{role}] }}"))
            .collect();
        self.bed.apply(&format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
             {name}@acme.example\n  memberships: [{}]\n",
            memberships.join(", ")
        ));
    }

    fn everybody_is_ready(&self) {
        self.bed.kubectl(&["wait", "--for=condition=Ready", "omem", "--all", "--timeout=180s"]);
    }

    /// How many mails each server sent to somebody.
    fn mails(&self, name: &str) -> [u32; 2] {
        let email = format!("{name}@acme.example");
        [&self.bed.sim, &self.beta].map(|sim| {
            let mails = sim.stats().mails_by_recipient;
            mails.get(&email).map_or(0, |count| u32::try_from(*count).unwrap())
        })
    }

    fn copy(&self) -> Operator {
        self.bed.operator_as(&plane().kubeconfig(), &["--shards=2", "--lease-seconds=8"])
    }

    /// Has both looked at.
    fn look(&self, word: &str, copies: &mut [&mut Operator; 2]) {
        copies.iter_mut().for_each(|copy| copy.hush());
        let asked = format!("orgform.dev/reconcile-at={word}");
        self.bed.kubectl(&["annotate", "--overwrite", "oprov", "--all", &asked]);
        for (copy, name) in copies.iter_mut().zip(&self.names) {
            let line = copy.wait_for("\"outcome\":\"well\"");
            assert!(line.contains(name.as_str()), "{line}");
        }
    }
}

const BOTH: [(&str, &str); 2] = [("acme", "read-only"), ("beta", "looks-on")];

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn two_copies_share_the_shards_and_one_takes_over_without_a_second_mail() {
    let two = Two::new();
    // Kept until both copies are there.
    two.bed.apply(
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: { name: orgform-1, annotations: { orgform.dev/shards: \
         \"2\" } }\nspec: { holderIdentity: somebody, leaseDurationSeconds: 3600 }\n",
    );
    two.member("ada", &BOTH);
    two.member("tim", &BOTH[..1]);
    two.member("eva", &BOTH[1..]);
    let mut first = two.copy();
    first.wait_for("this copy works");
    let mut second = two.copy();
    second.wait_for("another copy works");
    second.wait_for("another copy works");
    let nobody = r#"{"spec":{"holderIdentity":null}}"#;
    two.bed.kubectl(&["patch", "lease", "orgform-1", "--type=merge", "--patch", nobody]);
    second.wait_for("this copy works");
    let leads = |copy: &Operator| {
        [0, 1].map(|shard| copy.metric(&format!("orgform_leader{{shard=\"{shard}\"}}")) as u32)
    };
    assert_eq!((leads(&first), leads(&second)), ([1, 0], [0, 1]));

    // Providers of both shards converge, and a person who is at both is told of as one.
    two.everybody_is_ready();
    let part = "{.status.memberships[*].account} {.status.memberships[*].phase} {.status.summary.accounts}";
    assert_eq!(two.bed.get("omem/ada", part), "acme beta Invited Invited acme, beta");
    let mut names = two.names.clone();
    names.sort();
    assert_eq!(two.bed.get("omem/ada", "{.status.summary.providers}"), names.join(", "));
    assert_eq!(two.bed.get("omem/ada", "{.status.said[*].provider}").split(' ').count(), 2);
    assert_eq!(two.bed.get("omem/tim", "{.status.said}"), "", "only one speaks of him");
    assert_eq!((two.mails("ada"), two.mails("tim"), two.mails("eva")), ([1, 1], [1, 0], [0, 1]));

    // Where all is as declared, nothing is written.
    two.look("settled", &mut [&mut first, &mut second]);
    let writes = |copies: [&Operator; 2]| copies.map(|copy| copy.metric("orgform_status_writes_total"));
    let before = writes([&first, &second]);
    two.look("again", &mut [&mut first, &mut second]);
    assert_eq!(writes([&first, &second]), before);

    // What is said by one of them alone reaches the status.
    two.member("ada", &BOTH[..1]);
    two.bed.wait("omem/ada", "jsonpath={.status.summary.accounts}=acme");
    two.member("ada", &BOTH);
    two.bed.wait("omem/ada", "jsonpath={.status.summary.accounts}=acme, beta");
    two.everybody_is_ready();

    // Deleted, the person goes from both, and the object once both are done.
    two.bed.kubectl(&["delete", "omem/ada", "--timeout=120s"]);
    let is_invited = |sim: &Sim| {
        let truth = sim.truth();
        truth
            .accounts
            .values()
            .any(|one| one.invites.values().any(|one| one.email.as_str() == "ada@acme.example"))
    };
    assert!(!is_invited(&two.bed.sim) && !is_invited(&two.beta));

    // Killed between a write and its answer: the other copy has the shard soon, and nobody is mailed twice.
    let mut halt = two.bed.sim.halt(Some(Kind::Write), 1, Moment::After);
    two.member("kim", &BOTH);
    two.bed.runtime.block_on(halt.reached());
    second.hush();
    let begun = Instant::now();
    first.kill();
    halt.hang_up();
    second.wait_for("this copy works");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    two.everybody_is_ready();
    assert_eq!((two.mails("kim"), two.mails("tim"), two.mails("eva")), ([1, 1], [1, 0], [0, 1]));

    // One that is asked to end gives back all that it holds.
    second.signal("TERM");
    second.wait_for_end();
    let holders = two.bed.kubectl(&["get", "lease", "-o", "jsonpath={.items[*].spec.holderIdentity}"]);
    assert_eq!(holders.trim(), "");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn copies_with_another_number_of_shards_never_work_at_the_same_time() {
    let two = Two::new();
    two.member("ada", &BOTH);
    let mut whole = two.bed.operator();
    whole.wait_for("this copy works");
    two.everybody_is_ready();
    assert_eq!(two.bed.get("omem/ada", "{.status.said}"), "", "one says everything");
    let mut halves = two.copy();
    halves.wait_for("a copy with another number of shards works");
    assert_eq!(halves.metric("orgform_leader{shard=\"0\"}"), 0.0);
    whole.signal("TERM");
    whole.wait_for_end();
    halves.wait_for("this copy works");
    halves.wait_for("this copy works");
    for name in &two.names {
        two.bed.wait("omem/ada", &format!("jsonpath={{.status.said[?(@.provider==\"{name}\")].text}}"));
    }
    two.everybody_is_ready();

    // And back: what each of them says by itself is not needed any more.
    let mut whole = two.bed.operator();
    whole.wait_for("a copy with another number of shards works");
    halves.signal("TERM");
    halves.wait_for_end();
    whole.wait_for("this copy works");
    // One pass over each Provider.
    whole.wait_for_pass();
    whole.wait_for_pass();
    assert_eq!(two.bed.get("omem/ada", "{.status.said}"), "");
    assert_eq!(two.mails("ada"), [1, 1]);
}
