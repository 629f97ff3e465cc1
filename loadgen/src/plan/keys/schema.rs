//! The JSON Schema of a plan file, made of the types and their docs.

use schemars::{Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde_json::{Map, Value, json};

use super::{NamedGroupKeys, PlanKeys, RunKeys};
use crate::plan::{Group, Plan, RunOptions};

/// Keys that exclude each other in one table.
pub(super) const EXCLUSIVE: [(&str, &[&str]); 8] = [
    ("window", &["rate", "stage", "burst", "max_in_flight", "arrival"]),
    ("stage", &["rate"]),
    ("messages", &["duration"]),
    ("message", &["size", "size_dist", "payload", "message_hex"]),
    ("message_hex", &["size", "size_dist", "payload"]),
    ("size_dist", &["size"]),
    ("room", &["room_size"]),
    ("bearer", &["basic_auth"]),
];

/// The JSON Schema of a plan file. Editors check a file against it and explain its keys; what must
/// fit together over several tables, only the program checks.
pub fn schema() -> Value {
    let mut schema = of::<PlanKeys>();
    let defaults = defaults();
    close(&mut schema, &defaults);
    if let Some(group) = schema.pointer_mut("/properties/group") {
        group["minItems"] = json!(1);
        close(&mut group["items"], &defaults);
    }
    schema["title"] = json!("Plan of loadgen");
    schema
}

/// The schema of keys by name.
pub(super) struct KeysSchema(Map<String, Value>);

impl KeysSchema {
    /// Keys at the top of a file.
    pub(super) fn top() -> Self {
        Self::of::<PlanKeys>()
    }

    /// Keys of a `[[group]]`.
    pub(super) fn group() -> Self {
        Self::of::<NamedGroupKeys>()
    }

    /// Keys of what all groups share.
    pub(super) fn run() -> Self {
        Self::of::<RunKeys>()
    }

    fn of<T: schemars::JsonSchema>() -> Self {
        let properties = of::<T>().get_mut("properties").map(Value::take);
        Self(properties.and_then(|properties| properties.as_object().cloned()).unwrap_or_default())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a key takes one value or a list.
    pub(super) fn may_be_a_list(&self, key: &str) -> bool {
        let branches = self.0.get(key).and_then(|key| key.get("anyOf")?.as_array());
        branches.is_some_and(|branches| branches.iter().any(|branch| branch["type"] == "array"))
    }

    /// The JSON type of a key's value, if it has one only.
    pub(super) fn kind(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.get("type")?.as_str()
    }
}

/// The schema of a type, without the null that an absent key would be elsewhere: TOML has none.
fn of<T: schemars::JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    without_null(&mut schema);
    schema.to_value()
}

fn without_null(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        if object.get("default") == Some(&Value::Null) {
            object.remove("default");
        }
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        let is_null = |branch: &Value| branch.get("type").is_some_and(|kind| kind == "null");
        if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
            branches.retain(|branch| !is_null(branch));
            if let [Value::Object(only)] = &branches[..] {
                let only = only.clone();
                object.remove("anyOf");
                object.extend(only);
            }
        }
    }
    transform_subschemas(&mut without_null, schema);
}

/// Adds what a table of keys must satisfy as a whole, and the defaults.
fn close(table: &mut Value, defaults: &Map<String, Value>) {
    table["additionalProperties"] = json!(false);
    let keys: Vec<String> =
        table["properties"].as_object().map(|keys| keys.keys().cloned().collect()).unwrap_or_default();
    for key in &keys {
        if let Some(default) = defaults.get(key) {
            table["properties"][key]["default"] = default.clone();
        }
    }
    let has = |key: &str| keys.iter().any(|known| known == key);
    let excluded: Map<String, Value> = EXCLUSIVE
        .iter()
        .filter(|(key, _)| has(key))
        .map(|(key, others)| {
            let required: Vec<Value> = others.iter().map(|other| json!({ "required": [other] })).collect();
            ((*key).to_owned(), json!({ "not": { "anyOf": required } }))
        })
        .collect();
    table["dependentSchemas"] = Value::Object(excluded);
}

/// The default of each key that has one.
fn defaults() -> Map<String, Value> {
    let Ok(plan) = Plan::new(RunOptions::default(), vec![Group::default()]) else { return Map::new() };
    let mut keys = PlanKeys::of(&plan);
    keys.defaults = keys.group.remove(0).keys;
    match serde_json::to_value(keys) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}
