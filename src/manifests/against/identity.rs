//! The identity: whether a manifest runs the image as the image says.

use super::{Promise, Runs, Subject};
use crate::workload::finding::{self, Finding};

/// What a manifest says of users: the container's word goes before the Pod's.
struct Stated {
    user: Option<i64>,
    group: Option<i64>,
    non_root: Option<bool>,
}

pub(super) fn compare(subject: &Subject<'_>, promise: &Promise, findings: &mut Vec<Finding>) {
    let (container, pod) = (subject.container.security_context.as_ref(), subject.pod.security_context.as_ref());
    let stated = Stated {
        user: container.and_then(|s| s.run_as_user).or_else(|| pod.and_then(|s| s.run_as_user)),
        group: container.and_then(|s| s.run_as_group).or_else(|| pod.and_then(|s| s.run_as_group)),
        non_root: container.and_then(|s| s.run_as_non_root).or_else(|| pod.and_then(|s| s.run_as_non_root)),
    };
    let place = |field: &str, in_container: bool| {
        if in_container {
            subject.at(&format!("securityContext.{field}"))
        } else {
            subject.at_pod(&format!("securityContext.{field}"))
        }
    };
    let user_place = place("runAsUser", container.is_some_and(|s| s.run_as_user.is_some()));
    let group_place = place("runAsGroup", container.is_some_and(|s| s.run_as_group.or(s.run_as_user).is_some()));
    let non_root_place = place("runAsNonRoot", container.is_some());
    user(&stated, &promise.user, &user_place, findings);
    group(&stated, &promise.user, &group_place, findings);
    root(&stated, &promise.user, &non_root_place, findings);
}

fn user(stated: &Stated, image: &Runs, place: &str, findings: &mut Vec<Finding>) {
    let (Some(stated), Some(uid)) = (stated.user, image.uid()) else { return };
    if uid == 0 && stated != 0 {
        let message = format!("runAsUser is {stated}, the image runs as root: its files may be closed to {stated}");
        findings.push(Finding::of(&finding::ROOT_OVERRIDDEN, message).in_field(place));
    } else if stated == 0 && uid != 0 {
        let message = format!("runAsUser is 0, so it runs as root, whatever the image says ({uid})");
        let hint = format!("leave runAsUser out, or state {uid}");
        findings.push(Finding::of(&finding::OTHER_USER, message).hint(hint).in_field(place));
    } else if stated != i64::from(uid) {
        let message = format!("runAsUser is {stated}, the image's user is {uid}");
        findings.push(Finding::of(&finding::OTHER_USER, message).in_field(place));
    }
}

fn group(stated: &Stated, image: &Runs, place: &str, findings: &mut Vec<Finding>) {
    let Some((_, gid)) = image.numbers().filter(|(uid, _)| *uid != 0) else { return };
    match (stated.user, stated.group) {
        (_, Some(group)) if group != i64::from(gid) => {
            let message = format!("runAsGroup is {group}, the image's group is {gid}");
            findings.push(Finding::of(&finding::OTHER_GROUP, message).in_field(place));
        }
        (Some(user), None) if user != 0 && gid != 0 => {
            let message =
                format!("runAsUser is {user} and runAsGroup is not stated, so the image's group {gid} is lost");
            let hint = format!("state runAsGroup: {gid}");
            findings.push(Finding::of(&finding::GROUP_LOST, message).hint(hint).in_field(place));
        }
        _ => {}
    }
}

fn root(stated: &Stated, image: &Runs, place: &str, findings: &mut Vec<Finding>) {
    let by_image = match image {
        Runs::Numbers { .. } => None,
        Runs::Name { name, .. } => Some(format!("the name {name:?}")),
        Runs::Root => Some("root".to_owned()),
    };
    match (stated.non_root, stated.user, by_image) {
        (Some(true), Some(0), _) => {
            let message = "runAsNonRoot is true and runAsUser is 0: the kubelet refuses that";
            findings.push(Finding::of(&finding::REFUSED_USER, message).hint("drop runAsUser: 0").in_field(place));
        }
        (Some(true), None, Some(who)) => {
            let message = format!("runAsNonRoot is true, runAsUser is not stated, and the image's USER is {who}");
            let mut found = Finding::of(&finding::REFUSED_USER, message).in_field(place);
            if let Some((uid, gid)) = image.numbers().filter(|(uid, _)| *uid != 0) {
                found = found.hint(format!("state runAsUser: {uid} and runAsGroup: {gid}"));
            }
            findings.push(found);
        }
        (Some(true), _, _) => {}
        (_, Some(0), _) if image.uid().is_none_or(|uid| uid == 0) => {
            let message = "runAsUser is 0, so it runs as root";
            findings.push(Finding::of(&finding::IS_ROOT, message).in_field(place));
        }
        (_, Some(_), _) => {}
        (_, None, _) if *image == Runs::Root => {
            let message = "the manifest states no user and the image has root, so it runs as root";
            findings.push(Finding::of(&finding::IS_ROOT, message).in_field(place));
        }
        (_, None, _) => {
            let message = "the manifest does not state runAsNonRoot, so nothing holds the next image to its user";
            findings.push(Finding::of(&finding::MAY_BE_ROOT, message).in_field(place));
        }
    }
}
