(() => {
  "use strict";
  const form = document.getElementById("filter");
  const [text, namespace, severity, code] = ["text", "namespace", "severity", "code"].map((id) => document.getElementById(id));
  const rows = [...document.querySelectorAll(".row")].map((element) => ({
    element,
    words: element.textContent.toLowerCase(),
    namespace: element.dataset.namespace,
    is: ` ${element.dataset.is} `,
  }));
  const shown = document.getElementById("shown");
  const empty = document.getElementById("empty");
  const agreeing = document.getElementById("agreeing");
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const asked = [severity.value, code.value].filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits = (!namespace.value || row.namespace === namespace.value)
        && asked.every((word) => row.is.includes(` ${word} `))
        && words.every((word) => row.words.includes(word));
      row.element.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = `${count} of ${rows.length}`;
    empty.hidden = count > 0;
    if (agreeing && (severity.value === "agrees" || words.length)) agreeing.open = true;
  };
  for (const input of [text, namespace, severity, code]) input.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", () => {
    form.reset();
    apply();
  });
  form.hidden = false;
  apply();
})();
