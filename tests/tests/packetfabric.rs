//! The way at PacketFabric: invite and make, edit, disable and let in again, and what is for ever.

use orgform_tests::Story;

fn acme() -> Story {
    let mut story = Story::example("packetfabric");
    story.set("WALLBOARD_PASSWORD", "a password of nobody");
    story
}

#[test]
fn people_are_invited_made_edited_disabled_and_let_in_again() {
    let mut story = acme();
    story.run("validate");
    story.run("plan");
    story.run("apply --yes");
    story.run("act accept ada@acme.example");
    story.remark("ada has signed up, so her phone can be put right; grace still waits");
    story.run("apply --yes");
    story.remark("another group for ada, and grace's invite can't be changed");
    story.replace("people/network.yaml", "roles: [regular]", "roles: [read-only]");
    story.replace("people/network.yaml", "roles: [support]", "roles: [regular]");
    story.run("apply --yes");
    story.remark("ada leaves: she is disabled, not deleted");
    story.without("people/network.yaml", "ada");
    story.run("apply --yes");
    story.run("plan --detailed-exitcode");
    story.assert_is("packetfabric");
}

#[test]
fn removing_is_for_ever_and_needs_an_opt_in() {
    let mut story = acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.remark("deleting needs two words in the Provider");
    story.replace("provider.yaml", "  # removal: { members: Remove }", "  removal: { members: Remove }");
    story.run("apply --yes");
    let people = story.read("people/network.yaml");
    story.without("people/network.yaml", "grace");
    story.run("plan");
    story.replace("provider.yaml", "    # Deleting", "    allow: [Irreversible]\n    # Deleting");
    story.run("apply --yes");
    story.remark("and grace can't come back");
    story.write("people/network.yaml", &people);
    story.run("plan");
    story.assert_is("packetfabric_for_ever");
}

#[test]
fn a_user_in_several_groups_is_shown_by_the_weakest() {
    let mut story = acme();
    story.done("apply --yes");
    story.done("act accept-all");
    story.done("apply --yes");
    story.run("act edit Acme ada@acme.example regular admin");
    story.run("plan");
    story.assert_is("packetfabric_legacy");
}

#[test]
fn a_first_password_is_nowhere_but_at_the_provider() {
    let mut story = acme();
    let said = [
        story.run("plan").all(),
        story.run("plan --format json").all(),
        story.run("-vvv apply --yes").all(),
        story.run("show --format json").all(),
        story.read(".orgform/state.json"),
    ];
    for text in said {
        assert!(!text.contains("a password of nobody"), "{text}");
    }
}
