//! Tests of judging scripts.

#![allow(clippy::unwrap_used)]
use super::*;

fn after(script: &str) -> Result<Vec<Alternative>, Needed> {
    judge(script, Moment::After)
}

#[test]
fn what_debhelper_makes_is_harmless() {
    let script = r#"#!/bin/sh
set -e
# Automatically added by dh_python3
if command -v py3compile >/dev/null 2>&1; then
	py3compile -p python3-attr 
fi
# End automatically added section
# Automatically added by dh_installdeb/13.24.2
dpkg-maintscript-helper rm_conffile /etc/drirc 19.0.3-1\~ -- "$@"
# End automatically added section
if [ "$1" = "configure" ] || [ "$1" = "abort-upgrade" ] ; then
	if [ -x "$(command -v systemd-tmpfiles)" ]; then
		systemd-tmpfiles ${DPKG_ROOT:+--root="$DPKG_ROOT"} --create libselinux1.conf || true
	fi
fi
"#;
    assert_eq!(after(script), Ok(Vec::new()));
}

#[test]
fn what_only_an_upgrade_does_counts_for_nothing() {
    for script in [
        "if [ -n \"$2\" ] && ! cleanup; then\n  cleanup --verbose\nfi",
        "if dpkg --compare-versions \"$2\" lt-nl 10.0; then rm /etc/my.cnf; fi",
        "if [ \"configure\" = \"$1\" -a \"x$2\" != \"x\" ]; then cp /a /b; fi",
        "[ \"$1\" = upgrade ] && rm -rf /srv",
        "f() {\n rm -rf /\n}\nexit 0\nrm -rf /",
        "if [ \"$1\" = triggered ]; then fc-cache; exit 0; fi",
    ] {
        assert_eq!(after(&format!("#!/bin/sh\nset -e\n{script}\n")), Ok(Vec::new()), "{script}");
    }
}

#[test]
fn what_may_be_needed_is_named() {
    for (script, named) in [
        (". /usr/share/debconf/confmodule", ". /usr/share/debconf/confmodule"),
        ("if dpkg --compare-versions \"$2\" lt 2.0; then useradd x; fi", "useradd x"),
        ("case \"$1\" in configure) adduser --system x;; esac", "adduser --system x"),
        ("X=$(make-it a)", "make-it a"),
        ("echo \"a `make-it b`\"", "make-it b"),
        ("echo ${X:-$(make-it)}", "it runs :-$(make-it)"),
        ("[ -f /etc/x ] || touch /etc/x", "touch /etc/x"),
        ("echo x > /etc/x", "it writes /etc/x"),
        ("cat <<EOF >/etc/x\nfi\nEOF", "it writes /etc/x"),
        ("f() { rm x; }\nf a", "f a"),
        ("for x in a b; do install -d /var/lib/$x; done", "install -d …"),
        ("PROGRAM=/usr/bin/make-it\n$PROGRAM all", "/usr/bin/make-it all"),
        ("sed -i s/a/b/ /etc/x", "sed -i s/a/b/ /etc/x"),
        ("echo() { rm x; }\necho a", "echo a"),
        ("/opt/x/echo a", "/opt/x/echo a"),
        ("$(cat x) y", "… y"),
        ("command rm -rf x", "command rm -rf x"),
        ("if [ -e x ]; then exit 0; fi\nmake-it", "make-it"),
        ("(exit 0)\nmake-it", "make-it"),
    ] {
        assert_eq!(after(script), Err(Needed(named.to_owned())), "{script}");
    }
    assert!(after("#!/usr/bin/perl\nprint 1").is_err());
    assert!(after("if true; then").is_err());
    assert!(judge("[ \"$1\" != install ] || make-it", Moment::Before).is_err());
}

#[test]
fn no_script_is_too_much() {
    let deep = format!("echo {}{}", "$(echo ".repeat(2000), ")".repeat(2000));
    for script in [deep, format!("[ {} x ]", "! ".repeat(100_000)), "if [ ".repeat(5000), "(".repeat(5000)] {
        // Whatever it says, it comes to an end.
        let _ = after(&script);
    }
}

#[test]
fn alternatives_are_links() {
    let script = "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then\n  update-alternatives --install /usr/bin/awk awk \
             /usr/bin/mawk 5 \\\n    --slave /usr/bin/nawk nawk /usr/bin/mawk\nfi\nupdate-alternatives --remove awk /x";
    let found = after(script).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].priority, 5);
    assert_eq!(found[0].links.len(), 2);
}

#[test]
fn a_function_is_as_harmless_as_what_it_does() {
    let script = "pathfind() {\n OLDIFS=\"$IFS\"\n IFS=:\n for p in $PATH; do\n  if [ -x \"$p/$*\" ]; then IFS=\"$OLDIFS\"; return 0; fi\n \
                  done\n return 1\n}\ncase \"$1\" in install|upgrade)\n if dpkg --compare-versions \"$2\" lt 1:3.1; then\n  \
                  if cmp -s /usr/share/x.eg /etc/x.conf; then rm -f /etc/x.conf; fi\n  if pathfind ucf; then ucf -p /etc/x.conf || true; fi\n \
                  fi;;\nesac\n";
    assert_eq!(judge(script, Moment::Before), Ok(Vec::new()));
    assert_eq!(judge(script, Moment::After), Err(Needed("rm -f /etc/x.conf".to_owned())));
    assert_eq!(judge("f() { make-it; }\nf\n", Moment::Before), Err(Needed("f".to_owned())));
    assert_eq!(judge("rm -f /usr/bin/x\n", Moment::Before), Err(Needed("rm -f /usr/bin/x".to_owned())));
}
