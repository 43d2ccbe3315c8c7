//! What a plan needs to see, beyond what is declared.

use orgform_tests::{Simulator, Story};
use serde_json::json;

#[test]
fn a_role_is_narrowed_although_somebody_of_an_account_that_nobody_declares_holds_it() {
    let simulator = Simulator::start(&[]);
    let mut story = Story::acme_at(simulator.url());
    story.done("apply --yes");
    simulator.act(&json!({ "act": "create_account", "parent": "Lab", "name": "Theirs" }));
    let roles = ["Experimenter"];
    simulator.act(
        &json!({ "act": "add_member", "account": "Theirs", "email": "sam@else.example", "roles": roles }),
    );
    story.replace("provider.yaml", "percent: 20, floor: 3", "percent: 100, floor: 3");
    story.replace("roles/lab.yaml", "actions: [all]", "actions: [read]");
    let ran = story.run("apply --yes");
    assert!(ran.stdout.contains("sam@else.example"), "it is told who loses by it: {}", ran.all());
    assert_eq!(ran.code, Some(0), "sam is known not to be protected: {}", ran.all());
    assert_eq!(story.run("plan --detailed-exitcode").code, Some(0));
}
