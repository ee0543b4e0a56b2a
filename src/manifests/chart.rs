//! The chart: charts/python-app, whose values are a workload's fields.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::patch;
use super::yaml::{self, File, MARK, SIGN, YamlError};
use crate::workload::Workload;
use crate::workload::deploy::Everywhere;

/// A file of the chart as it is compiled in.
macro_rules! part {
    ($name:literal) => {
        ($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/charts/python-app/", $name)))
    };
}

const CHART: (&str, &str) = part!("Chart.yaml");

const TEMPLATES: &[(&str, &str)] = &[
    part!("templates/NOTES.txt"),
    part!("templates/_helpers.tpl"),
    part!("templates/deployment.yaml"),
    part!("templates/horizontalpodautoscaler.yaml"),
    part!("templates/ingress.yaml"),
    part!("templates/networkpolicy.yaml"),
    part!("templates/persistentvolumeclaims.yaml"),
    part!("templates/poddisruptionbudget.yaml"),
    part!("templates/service.yaml"),
    part!("templates/serviceaccount.yaml"),
];

/// The files of every such chart.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [CHART.0, "values.yaml", "values.schema.json"].into_iter().chain(TEMPLATES.iter().map(|(name, _)| *name))
}

/// The chart's files, with the values of this workload, and a file of values for each environment.
pub fn files(everywhere: &Everywhere<Workload>) -> Result<Vec<File>, YamlError> {
    let base = values(&everywhere.base)?;
    let version = everywhere.base.version.as_deref().unwrap_or("0.0.0");
    let chart = CHART.1.replace("appVersion: \"0.0.0\"", &format!("appVersion: {}", Value::from(version)));
    let yaml = |name: String, text: String| File { name, text: format!("{MARK}\n{text}") };
    let mut files = vec![yaml(CHART.0.to_owned(), chart), yaml("values.yaml".to_owned(), commented(&base)?)];
    for (name, workload) in &everywhere.each {
        let over = patch::overlay(&base, &values(workload)?);
        files.push(yaml(format!("values-{name}.yaml"), yaml::text(&Value::Object(over))?));
    }
    let mut schema = json!({"$comment": SIGN});
    if let (Some(marked), Value::Object(fields)) = (schema.as_object_mut(), schema_of_values()) {
        marked.extend(fields);
    }
    files.push(File { name: "values.schema.json".to_owned(), text: json_text(&schema)? });
    // A comment of the template language: what is rendered is the objects alone.
    let template = |(name, text): &(&str, &str)| File {
        name: (*name).to_owned(),
        text: format!("{{{{- /* {SIGN} */ -}}}}\n{text}"),
    };
    files.extend(TEMPLATES.iter().map(template));
    Ok(files)
}

/// The values that make the chart this workload.
pub fn values(workload: &Workload) -> Result<Map<String, Value>, YamlError> {
    match serde_json::to_value(workload).map_err(YamlError::of)? {
        Value::Object(values) => Ok(values),
        _ => Ok(Map::new()),
    }
}

/// Values as YAML, each with what it means above it.
pub fn commented(values: &Map<String, Value>) -> Result<String, YamlError> {
    let schema = schema_of_values();
    let entry = |(key, value): (&String, &Value)| {
        let text = yaml::text(&json!({key: value}))?;
        let means = schema["properties"][key.as_str()]["description"].as_str().unwrap_or_default();
        let comments = means.lines().map(|line| format!("# {line}"));
        Ok(comments.chain([text]).collect::<Vec<_>>().join("\n"))
    };
    let entries = values.iter().map(entry).collect::<Result<Vec<_>, YamlError>>()?;
    Ok(entries.join("\n"))
}

/// The schema of the values, made from the type itself. Draft 7 is what every Helm 3 understands.
pub fn schema() -> Result<String, YamlError> {
    json_text(&schema_of_values())
}

fn json_text(value: &Value) -> Result<String, YamlError> {
    Ok(serde_json::to_string_pretty(value).map_err(YamlError::of)? + "\n")
}

fn schema_of_values() -> Value {
    let generator = SchemaSettings::draft07().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Workload>().to_value();
    close(&mut schema);
    if let Some(properties) = schema["properties"].as_object_mut() {
        // What a parent chart gives to all of its charts.
        properties.insert("global".to_owned(), json!({"type": "object"}));
    }
    schema
}

/// A value that is none would otherwise be ignored in silence.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(Value::is_object) && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
