//! A `.dockerignore`: what pydeploy leaves out of an image by itself, for the other tools that read that file.

use std::fmt::Write;

use crate::image::context::{Audience, held};

/// The text of one. `keep` are files that the build itself reads, `include` what the setting of that name sends.
pub fn text(audience: Audience, keep: &[String], include: &[String]) -> String {
    let mut text = "\
# What stays out of an image. pydeploy leaves it out by itself; this file says the same to other tools.
# A line takes something back with `!` in front, but never a secret: the setting `include` does that.
"
    .to_owned();
    let mut last = None;
    for (pattern, why) in held(audience) {
        if last.replace(why) != Some(why) {
            let _ = write!(text, "\n# {why}\n");
        }
        let _ = writeln!(text, "{pattern}");
    }
    // A project's own Dockerfile is sent its documents, so that there is nothing to take back.
    let keep = if audience == Audience::Generated { keep } else { &[] };
    for (why, back) in [("read by the build", keep), ("sent all the same: the setting `include`", include)] {
        if !back.is_empty() {
            let _ = write!(text, "\n# {why}\n");
        }
        for path in back {
            let _ = writeln!(text, "!{path}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_under_its_reason_and_what_is_needed_comes_back() {
        let text = text(Audience::Generated, &["README.md".into()], &["model.bin".into()]);
        assert!(text.contains("\n# may hold credentials\n**/.env\n"), "{text}");
        assert!(text.contains("\n# not needed at run time\n.gitignore\n"), "{text}");
        assert!(text.ends_with(
            "**/*.md\n\n# read by the build\n!README.md\n\n# sent all the same: the setting `include`\n!model.bin\n"
        ));
    }

    #[test]
    fn what_the_projects_own_dockerfile_may_copy_is_not_hidden() {
        let text = text(Audience::Own, &["README.md".into()], &[]);
        assert!(!text.contains("tests") && !text.contains("*.md") && text.ends_with("pydeploy.lock\n"), "{text}");
    }
}
