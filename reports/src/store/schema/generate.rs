//! JSON Schemas from types and their docs.

use schemars::{
    JsonSchema,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

/// The JSON Schema (2020-12) of documents with the shape of `T`: what is written
/// ([`Contract::Serialize`]), or what is read ([`Contract::Deserialize`]). Docs of types and fields
/// describe it. No key is allowed besides those of the types.
///
/// `name` is the name of the format with its version, as in `loadgen.result/2`. A document whose
/// type has a key `schema` has this name there.
pub fn generate<T: JsonSchema>(name: &str, contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.contract = contract);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema, true);
    if let Some(root) = schema.as_object_mut() {
        root.insert("$id".to_owned(), format!("urn:{}", name.replace(['.', '/'], ":")).into());
        root.insert("title".to_owned(), name.into());
    }
    if let Some(property) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        property.remove("type");
        property.insert("const".to_owned(), name.into());
    }
    schema
}

/// Puts descriptions on one line, leaves out what says nothing about JSON, and allows no other
/// keys. A part of a combination (`is_whole` is false) sees only some of the keys.
fn tidy(schema: &mut Value, is_whole: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("format");
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let combines = ["oneOf", "anyOf", "allOf"].iter().any(|key| object.contains_key(*key));
    let has_keys = object.contains_key("properties");
    // Keys beside a reference narrow those of its type.
    let is_whole = is_whole && !object.contains_key("$ref");
    if has_keys && is_whole {
        let key = if combines { "unevaluatedProperties" } else { "additionalProperties" };
        object.entry(key).or_insert(json!(false));
    }
    for (key, inner) in object.iter_mut() {
        match key.as_str() {
            "properties" | "$defs" => {
                inner.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(|part| tidy(part, is_whole));
            }
            "oneOf" | "anyOf" | "allOf" => {
                inner.as_array_mut().into_iter().flatten().for_each(|part| tidy(part, is_whole && !has_keys));
            }
            "items" | "additionalProperties" => tidy(inner, is_whole),
            _ => {}
        }
    }
}
