//! Several namespaces: what a tenant may do in somebody else's account, and what not.

use orgform_sim::pureport::Act;

use crate::bed::{Bed, ROLE, plane, reason};

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn a_tenant_gives_what_is_open_and_nothing_else_and_the_owners_people_go_on() {
    let bed = Bed::new();
    bed.secret();
    let team = plane().namespace().unwrap();
    bed.apply(
        &(bed.provider("")
            + ROLE
            + &format!(
                "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: acme }}\nspec:\n  providerRef: {{ \
                 name: pureport }}\n  displayName: Acme\n  allowedNamespaces: [{{ name: {team}, roles: [read-only] \
                 }}]\n---\napiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: closed }}\nspec: {{ \
                 parentRef: {{ name: acme }}, displayName: Closed }}\n---\napiVersion: orgform.dev/v1alpha1\nkind: \
                 Member\nmetadata: {{ name: owner }}\nspec:\n  email: owner@acme.example\n  memberships: [{{ accountRef: \
                 {{ name: acme }}, roles: [read-only] }}]\n"
            )),
    );
    let member = |name: &str, email: &str, account: &str, role: &str| {
        let object = format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
             {email}@acme.example\n  memberships: [{{ accountRef: {{ name: {account}, namespace: {} }}, roles: [{role}] }}]\n",
            bed.namespace
        );
        let arguments = ["apply", "--namespace", &team, "-f", "-"];
        plane().kubectl().feed(&arguments, &object).unwrap().ok().unwrap();
    };
    member("joan", "joan", "acme", "read-only");
    member("eve", "eve", "acme", "admin");
    member("eve-elsewhere", "eve", "closed", "read-only");
    member("nowhere", "eve", "no-such-account", "read-only");
    member("doubled", "owner", "acme", "read-only");
    // Neither somebody else's Provider nor their Secret can be named from here.
    let taken = format!(
        "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: {{ name: taken }}\nspec: {{ providerRef: {{ name: \
         pureport, namespace: {} }}, displayName: Acme }}\n",
        bed.namespace
    );
    let feed =
        |object: &str| plane().kubectl().feed(&["apply", "--namespace", &team, "-f", "-"], object).unwrap();
    feed(&taken).ok().unwrap();
    let secret = format!("{{ name: pureport, namespace: {}, key: key }}", bed.namespace);
    let theirs = bed.provider("").replace("{ name: pureport, key: key }", &secret);
    let refused = feed(&theirs);
    assert!(!refused.success && refused.err.contains("unknown field"), "{}", refused.err);
    let namespace = format!("--namespace={team}");
    let _operator = bed.operator_as(&plane().kubeconfig(), &[&namespace]);
    let wait = |object: &str, word: &str| plane().kubectl().wait_for(&team, object, &reason(word)).unwrap();
    wait("omem/joan", "Invited");
    wait("omem/eve", "NotAllowed");
    wait("omem/eve-elsewhere", "NotAllowed");
    wait("omem/nowhere", "NotAllowed");
    wait("omem/doubled", "Conflict");
    wait("oacc/taken", "Invalid");
    let told = plane().kubectl().run(&["get", "--namespace", &team, "omem,oacc", "-o", "yaml"]).unwrap();
    let told = told.ok().unwrap();
    let (key, secret) = orgform_sim::pureport::Sim::admin_key();
    for secret in [key, secret, "founder@acme.example", "omem/owner", &bed.sim.url()] {
        assert!(!told.contains(secret), "{secret} was told to somebody else");
    }
    bed.wait("omem/owner", &reason("Invited"));
    let mails = bed.sim.stats().mails_by_recipient;
    assert_eq!(mails.get("eve@acme.example"), None);
    assert_eq!((mails.get("joan@acme.example"), mails.get("owner@acme.example")), (Some(&1), Some(&1)));

    // What is deleted there goes, within the same limits.
    plane()
        .kubectl()
        .run(&["delete", "--namespace", &team, "omem/joan", "--timeout=120s"])
        .unwrap()
        .ok()
        .unwrap();
    assert_eq!(bed.people("Acme"), (1, 1), "the founder, and the invite of the owner's own");
}

#[test]
#[ignore = "needs a control plane: cargo xtask cluster"]
fn an_open_provider_lets_a_namespace_into_its_accounts_and_closing_it_removes_nobody_at_once() {
    const PEOPLE: usize = 8;
    let bed = Bed::new();
    bed.secret();
    let (team, stranger) = (plane().namespace().unwrap(), plane().namespace().unwrap());
    let open = bed.provider(&format!("  allowedNamespaces: [{{ name: {team}, roles: [read-only] }}]\n"));
    bed.apply(
        &(open.clone()
            + ROLE
            + "apiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: { name: acme }\nspec: { providerRef: { name: \
               pureport }, displayName: Acme }\n---\napiVersion: orgform.dev/v1alpha1\nkind: Account\nmetadata: { name: \
               lab }\nspec: { parentRef: { name: acme } }\n"),
    );
    let member = |namespace: &str, name: &str, account: &str, role: &str| {
        let object = format!(
            "apiVersion: orgform.dev/v1alpha1\nkind: Member\nmetadata: {{ name: {name} }}\nspec:\n  email: \
             {name}@acme.example\n  memberships: [{{ accountRef: {{ name: {account}, namespace: {} }}, roles: [{role}] }}]\n",
            bed.namespace
        );
        let arguments = ["apply", "--namespace", namespace, "-f", "-"];
        plane().kubectl().feed(&arguments, &object).unwrap().ok().unwrap();
    };
    for number in 0..PEOPLE {
        member(&team, &format!("joan-{number}"), "lab", "read-only");
    }
    member(&team, "eve", "lab", "admin");
    member(&stranger, "closed", "lab", "read-only");
    member(&stranger, "absent", "no-such-account", "read-only");
    let namespaces = [&team, &stranger].map(|name| format!("--namespace={name}"));
    let _operator = bed.operator_as(&plane().kubeconfig(), &namespaces.each_ref().map(String::as_str));
    let wait = |namespace: &str, object: &str, holds: &str| {
        plane().kubectl().wait_for(namespace, object, holds).unwrap();
    };
    let of_team = |condition: &str| {
        (0..PEOPLE).for_each(|number| wait(&team, &format!("omem/joan-{number}"), condition));
    };
    of_team("condition=Ready");
    let lab = format!("jsonpath={{.status.memberships[0].account}}={}/lab", bed.namespace);
    wait(&team, "omem/joan-0", &lab);
    wait(&team, "omem/eve", &reason("NotAllowed"));
    let told = |name: &str, account: &str| {
        wait(&stranger, &format!("omem/{name}"), &reason("NotAllowed"));
        let part = "jsonpath={.status.conditions[?(@.type==\"Ready\")].message}";
        let get = ["get", "--namespace", &stranger, "omem", name, "-o", part];
        plane().kubectl().run(&get).unwrap().ok().unwrap().replace(account, "ACCOUNT")
    };
    assert_eq!(told("closed", "lab"), told("absent", "no-such-account"));
    bed.sim.act(Act::AcceptAll { except: 0.0, seed: 0 }).unwrap();
    bed.kubectl(&["annotate", "oprov/pureport", "orgform.dev/reconcile-at=joined"]);
    of_team("condition=Joined");
    let (people, writes) = (bed.people("lab"), bed.sim.stats().writes);
    assert!(people.0 >= PEOPLE && people.1 == 0, "{people:?}");

    // The namespace is taken off the list: eight people would lose access.
    bed.apply(&bed.provider(""));
    bed.wait("oprov/pureport", "condition=Held");
    assert_eq!(bed.get("oprov/pureport", "{.status.heldPeople}"), PEOPLE.to_string());
    wait(&team, "omem/joan-0", &reason("NotAllowed"));
    assert_eq!(bed.people("lab"), people);

    // It was a mistake: everybody is as before.
    bed.apply(&open);
    of_team("condition=Ready");
    bed.wait("oprov/pureport", "condition=Held=false");
    assert_eq!((bed.people("lab"), bed.sim.stats().writes), (people, writes));
}
