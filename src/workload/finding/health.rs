//! The findings about how an image says that it is well.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] = &[
    &NO_CHECK,
    &NEVER_FAILS,
    &NEVER_PASSES,
    &TOO_LONG,
    &NO_CLIENT,
    &CLIENT_UNKNOWN,
    &NO_SHELL,
    &NOT_JSON,
    &FORM_WORD,
    &ONE_WORD,
    &OPERATORS,
    &OPERATORS_PASSED,
    &LITERAL_VARIABLE,
    &LITERAL_PASSED,
    &UNSET_VARIABLE,
    &UNSET_PERHAPS,
    &OF_DEPLOYMENT,
    &KILLS,
    &BASH_ONLY,
    &WRITES,
    &ERRORS_PASS,
    &SEVERAL_ADDRESSES,
    &OTHER_PORT,
    &ELSEWHERE,
    &ANY_ADDRESS,
    &NO_SCHEME,
    &TLS,
    &OTHER_SHELL,
    &LONGER_THAN_INTERVAL,
    &ROUNDED,
    &START_INTERVAL,
];

/// No health check.
pub static NO_CHECK: Code = Code {
    id: "PD201",
    severity: Severity::Warning,
    title: "the image listens on a port but has no HEALTHCHECK",
    why: "Without a probe Kubernetes sends requests to a Pod as soon as its process runs, and keeps it however it fares.",
    mend: "add a HEALTHCHECK to the Dockerfile",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nEXPOSE 8000\n"),
};

/// A check that can't fail.
pub static NEVER_FAILS: Code = Code {
    id: "PD202",
    severity: Severity::Error,
    title: "the HEALTHCHECK can never fail",
    why: "A check whose outcome is always the same checks nothing: a dead service would be called ready. `|| true`, \
          `; exit 0` and a last command that always passes do that to any check.",
    mend: "let the check's own status be its last: end with `|| exit 1`, or with nothing",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD python /app/check.py || exit 0\n",
    ),
};

/// A check that can't pass.
pub static NEVER_PASSES: Code = Code {
    id: "PD203",
    severity: Severity::Error,
    title: "the HEALTHCHECK can never pass",
    why: "The startup probe would never succeed: the Pod is started again and again, and the rollout hangs.",
    mend: "let it ask the service something, or leave it out",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD [\"false\"]\n"),
};

/// Times that don't fit.
pub static TOO_LONG: Code = Code {
    id: "PD204",
    severity: Severity::Error,
    title: "the HEALTHCHECK's times are longer than Kubernetes can count",
    why: "Probes count in whole seconds up to 2147483647, and so do their thresholds.",
    mend: "shorten --interval, --timeout or --start-period, or lower --retries",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK --interval=1s --start-period=1000000h CMD [\"/check\"]\n",
    ),
};

/// A client that is not in the image.
pub static NO_CLIENT: Code = Code {
    id: "PD205",
    severity: Severity::Error,
    title: "the HEALTHCHECK needs a program that the image does not have",
    why: "In shell form such a check always fails. In exec form Docker calls it unhealthy, while a kubelet throws an \
          error in starting a command away (kubernetes issue 106682): liveness never acts, and startup never passes.",
    mend: "install the program, or ask with what the image has, for example \
           `python -c \"import urllib.request; urllib.request.urlopen('http://localhost:8000/')\"`",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD curl -f http://localhost:8000/ || exit 1\n",
    ),
};

/// A client that may not be in the image.
pub static CLIENT_UNKNOWN: Code = Code {
    id: "PD206",
    severity: Severity::Warning,
    title: "the HEALTHCHECK needs a program that slim images lack",
    why: "Whether a program is there is known only from the image. Without it the check always fails, or in exec form \
          is never heard of.",
    mend: "make sure that the image has it: `pydeploy contract` on the built image looks",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nCOPY . .\nRUN ./install.sh\nUSER 1000:1000\nHEALTHCHECK CMD curl -f \
         http://localhost:8000/ || exit 1\n",
    ),
};

/// A shell form without a shell.
pub static NO_SHELL: Code = Code {
    id: "PD207",
    severity: Severity::Error,
    title: "the HEALTHCHECK needs a shell that the image does not have",
    why: "The shell form is run by /bin/sh, which distroless images and those from scratch lack. Docker calls it \
          unhealthy; a kubelet throws an error in starting a command away (kubernetes issue 106682).",
    mend: "write the check in exec form: `HEALTHCHECK CMD [\"program\", \"argument\"]`",
    example: Example::Dockerfile("FROM scratch\nUSER 1000:1000\nHEALTHCHECK CMD /app check\n"),
};

/// Brackets that are not JSON.
pub static NOT_JSON: Code = Code {
    id: "PD208",
    severity: Severity::Error,
    title: "the HEALTHCHECK looks like JSON and isn't",
    why: "Only a whole and valid JSON array, in double quotes, is the exec form. Anything else Docker gives to a shell \
          without a word, and there is no program called `[curl,…`.",
    mend: "put the words in double quotes, and nothing after the last bracket",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD ['curl', '-f', 'http://localhost:8000/']\n",
    ),
};

/// CMD or CMD-SHELL within the brackets.
pub static FORM_WORD: Code = Code {
    id: "PD209",
    severity: Severity::Error,
    title: "the HEALTHCHECK starts a program called CMD, CMD-SHELL or NONE",
    why: "These words belong to Compose files and to what Docker stores. In a Dockerfile's brackets the first word is \
          the program.",
    mend: "leave the word out of the brackets",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD [\"CMD-SHELL\", \"curl -f http://localhost:8000/\"]\n",
    ),
};

/// A whole command line as one word.
pub static ONE_WORD: Code = Code {
    id: "PD210",
    severity: Severity::Error,
    title: "the HEALTHCHECK is one word with spaces in it",
    why: "In exec form nothing cuts a word at its spaces, and there is no program of such a name. A kubelet throws the \
          error away: startup never passes.",
    mend: "make each word one of its own, or leave out brackets and quotes",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD [\"python /app/check.py\"]\n"),
};

/// Operators that no shell reads.
pub static OPERATORS: Code = Code {
    id: "PD211",
    severity: Severity::Error,
    title: "the HEALTHCHECK has a shell's operators in exec form",
    why: "In exec form no shell reads them: curl takes `||`, `exit` and `1` for three more addresses, and fails.",
    mend: "leave them out (a failure's status is passed on anyway), or write it in shell form, without brackets",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\n\
         HEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost:8000/\", \"||\", \"exit\", \"1\"]\n",
    ),
};

/// Operators that some program is handed.
pub static OPERATORS_PASSED: Code = Code {
    id: "PD212",
    severity: Severity::Warning,
    title: "the HEALTHCHECK hands a shell's operators to its program",
    why: "In exec form no shell reads them. What the program makes of `||` is its own matter.",
    mend: "leave them out (a failure's status is passed on anyway), or write it in shell form, without brackets",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD [\"python\", \"check.py\", \"||\", \"exit\", \"1\"]\n",
    ),
};

/// A variable that no shell reads.
pub static LITERAL_VARIABLE: Code = Code {
    id: "PD213",
    severity: Severity::Error,
    title: "the HEALTHCHECK has a variable in exec form, which stays as it is written",
    why: "Docker expands nothing in a HEALTHCHECK, and in exec form there is no shell that would: the client asks for \
          a port that is called $PORT.",
    mend: "write the value, or use the shell form, without brackets",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nENV PORT=8000\n\
         HEALTHCHECK CMD [\"curl\", \"-f\", \"http://localhost:$PORT/\"]\n",
    ),
};

/// A variable that some program is handed.
pub static LITERAL_PASSED: Code = Code {
    id: "PD214",
    severity: Severity::Warning,
    title: "the HEALTHCHECK hands its program a variable's name, not its value",
    why: "Docker expands nothing in a HEALTHCHECK, and in exec form there is no shell that would.",
    mend: "write the value, or use the shell form, without brackets",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nENV PORT=8000\nHEALTHCHECK CMD [\"/check\", \"$PORT\"]\n",
    ),
};

/// A variable that is empty.
pub static UNSET_VARIABLE: Code = Code {
    id: "PD215",
    severity: Severity::Error,
    title: "the HEALTHCHECK's address has a variable that nothing sets",
    why: "The check runs in the container, which has the variables of ENV. An ARG ends with the build, so there it is \
          empty.",
    mend: "state it with ENV, or give it a value to fall back on: `${PORT:-8000}`",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nARG PORT=8000\n\
         HEALTHCHECK CMD curl -f http://localhost:$PORT/ || exit 1\n",
    ),
};

/// A variable that may be empty.
pub static UNSET_PERHAPS: Code = Code {
    id: "PD216",
    severity: Severity::Warning,
    title: "the HEALTHCHECK's address has a variable that the Dockerfile does not set",
    why: "The base image may set it; that is known only from the image. Otherwise it is empty.",
    mend: "state it with ENV, or give it a value to fall back on: `${PORT:-8000}`",
    example: Example::Dockerfile(
        "FROM registry.example/base:1\nUSER 1000:1000\nHEALTHCHECK CMD curl -f http://localhost:$PORT/ || exit 1\n",
    ),
};

/// A variable that the deployment has to set.
pub static OF_DEPLOYMENT: Code = Code {
    id: "PD217",
    severity: Severity::Note,
    title: "the HEALTHCHECK reads a variable that the image does not set",
    why: "Where the deployment does not set it either, it is empty.",
    mend: "set it where the service is deployed, or with ENV",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD python /app/check.py --name \"$SERVICE\"\n",
    ),
};

/// A check that kills.
pub static KILLS: Code = Code {
    id: "PD218",
    severity: Severity::Error,
    title: "the HEALTHCHECK ends the container by itself",
    why: "One failure, even of readiness, would end it, past all thresholds. To start a container anew is what the \
          liveness probe is for.",
    mend: "end with `|| exit 1` instead",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD python /app/check.py || kill 1\n",
    ),
};

/// What only bash understands.
pub static BASH_ONLY: Code = Code {
    id: "PD219",
    severity: Severity::Warning,
    title: "the HEALTHCHECK has what only bash understands, and /bin/sh runs it",
    why: "Debian's /bin/sh is dash: for it `command &> file` is a command in the background, which always passes, and \
          /dev/tcp is a folder that isn't there.",
    mend: "write `> file 2>&1`, or call bash: `CMD [\"bash\", \"-c\", \"…\"]`",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK CMD python /app/check.py &> /dev/null || exit 1\n",
    ),
};

/// A check that writes.
pub static WRITES: Code = Code {
    id: "PD220",
    severity: Severity::Warning,
    title: "the HEALTHCHECK writes a file",
    why: "The root file system is read-only, so it fails there; elsewhere each check leaves a file behind.",
    mend: "let it write nowhere: `wget -q -O /dev/null …`, `curl -o /dev/null …`",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD wget -q http://localhost:8000/ || exit 1\n",
    ),
};

/// Errors that pass.
pub static ERRORS_PASS: Code = Code {
    id: "PD221",
    severity: Severity::Warning,
    title: "the HEALTHCHECK calls an error page well",
    why: "curl without -f ends with 0 as soon as there is an answer, and requests.get raises for no status: a service \
          that answers 500 to everything stays ready.",
    mend: "use `curl -f`, or `raise_for_status()`",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD curl http://localhost:8000/ || exit 1\n",
    ),
};

/// Addresses of which one counts.
pub static SEVERAL_ADDRESSES: Code = Code {
    id: "PD222",
    severity: Severity::Warning,
    title: "the HEALTHCHECK asks several addresses and heeds one",
    why: "curl's exit status is that of its last transfer; the others may fail.",
    mend: "join two calls of curl by &&, or add --fail-early",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\n\
         HEALTHCHECK CMD curl -f http://localhost:8000/a http://localhost:8000/b\n",
    ),
};

/// Another port than the server's.
pub static OTHER_PORT: Code = Code {
    id: "PD223",
    severity: Severity::Warning,
    title: "the HEALTHCHECK asks another port than the image listens on",
    why: "Nothing may be there, and then it is never ready; or it is another server than the one that gets requests.",
    mend: "let EXPOSE, the command and the HEALTHCHECK name the same port",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\nEXPOSE 8000\nHEALTHCHECK CMD curl -f http://localhost:8080/\n",
    ),
};

/// Another host.
pub static ELSEWHERE: Code = Code {
    id: "PD224",
    severity: Severity::Warning,
    title: "the HEALTHCHECK asks another host",
    why: "When that one is down, every Pod is taken out of service and started anew, which helps nobody.",
    mend: "ask the service itself, at localhost",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD curl -f http://api.example.com/health\n",
    ),
};

/// An address to listen on, not to ask.
pub static ANY_ADDRESS: Code = Code {
    id: "PD225",
    severity: Severity::Note,
    title: "the HEALTHCHECK asks 0.0.0.0",
    why: "That is an address to listen on. Linux takes it for the container itself; other systems do not, and the \
          request's Host is then one that few applications allow.",
    mend: "ask localhost",
    example: Example::Dockerfile("FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD curl -f http://0.0.0.0:8000/\n"),
};

/// No scheme.
pub static NO_SCHEME: Code = Code {
    id: "PD226",
    severity: Severity::Note,
    title: "the HEALTHCHECK's address does not say http://",
    why: "curl and wget guess it; other clients call that no address.",
    mend: "write http:// before it",
    example: Example::Dockerfile("FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD curl -f localhost:8000/\n"),
};

/// TLS.
pub static TLS: Code = Code {
    id: "PD227",
    severity: Severity::Note,
    title: "the HEALTHCHECK asks over TLS",
    why: "A kubelet verifies no certificate and names no server, so an httpGet probe would be another check: it stays \
          the image's own command.",
    mend: "nothing, if the image has the client; a plain port beside it for health would be lighter",
    example: Example::Dockerfile(
        "FROM python:3.13\nUSER 1000:1000\nHEALTHCHECK CMD curl -fk https://localhost:8443/\n",
    ),
};

/// SHELL is not heeded.
pub static OTHER_SHELL: Code = Code {
    id: "PD228",
    severity: Severity::Note,
    title: "the HEALTHCHECK is run by /bin/sh, not by SHELL",
    why: "SHELL is for the build's RUN and for CMD and ENTRYPOINT; Docker runs a check's shell form by /bin/sh, and so \
          do the probes.",
    mend: "name the shell: `HEALTHCHECK CMD [\"bash\", \"-c\", \"…\"]`",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nSHELL [\"/bin/bash\", \"-c\"]\n\
         HEALTHCHECK CMD python /app/check.py\n",
    ),
};

/// A timeout that is longer than the interval.
pub static LONGER_THAN_INTERVAL: Code = Code {
    id: "PD229",
    severity: Severity::Note,
    title: "the HEALTHCHECK's timeout is longer than its interval",
    why: "While a check hangs, the next ones wait, in Docker and in a kubelet alike, so that it takes longer to be \
          heard of than the interval says.",
    mend: "let --timeout be shorter than --interval",
    example: Example::Dockerfile("FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK --interval=5s CMD [\"/check\"]\n"),
};

/// Fractions of a second.
pub static ROUNDED: Code = Code {
    id: "PD230",
    severity: Severity::Note,
    title: "the HEALTHCHECK's times are no whole seconds",
    why: "Kubernetes counts whole seconds, at least one. They are rounded up, and thresholds reckoned so that nothing \
          is killed sooner.",
    mend: "state whole seconds",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\nHEALTHCHECK --interval=500ms --timeout=500ms CMD [\"/check\"]\n",
    ),
};

/// A start interval.
pub static START_INTERVAL: Code = Code {
    id: "PD231",
    severity: Severity::Note,
    title: "the HEALTHCHECK's start-interval is not heeded everywhere",
    why: "Docker has it since 25 and heeds it within the start-period only. The startup probe's period is the shorter \
          of both intervals in any case.",
    mend: "nothing, if the images run on Docker 25 or later",
    example: Example::Dockerfile(
        "FROM python:3.13-slim\nUSER 1000:1000\n\
         HEALTHCHECK --start-period=30s --start-interval=1s CMD [\"/check\"]\n",
    ),
};
