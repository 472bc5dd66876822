// The explorer: runs operations against the endpoint of its page and shows the schema by introspection.
"use strict";

const endpoint = document.body.dataset.endpoint;
const at = (id) => document.getElementById(id);
const kept = (name) => `rustok-explorer:${endpoint}:${name}`;
const samples = {
  "/graphql": "{\n  products(first: 6) {\n    nodes {\n      title\n      handle\n      priceRange { min { amount currencyCode } }\n    }\n  }\n}\n",
  "/admin/graphql": "# Log in, then put {\"Authorization\": \"Bearer <accessToken>\"} into Headers.\nmutation LogIn($email: String!, $password: String!) {\n  sessionCreate(email: $email, password: $password) {\n    accessToken\n    userErrors { code message }\n  }\n}\n",
};

async function ask(query, variables, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json, application/json", ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, body: await response.json() };
}

function json(id) {
  const text = at(id).value.trim();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${id}: ${error.message}`);
  }
}

async function run() {
  const answer = at("answer");
  answer.textContent = "…";
  try {
    const started = performance.now();
    const found = await ask(at("query").value, json("variables"), json("headers"));
    const took = Math.round(performance.now() - started);
    answer.textContent = `// ${found.status}, ${took} ms\n${JSON.stringify(found.body, null, 2)}`;
  } catch (error) {
    answer.textContent = String(error.message || error);
  }
}

// Indents by braces outside strings and comments: enough for reading, and it never changes a token.
function tidy() {
  let depth = 0;
  at("query").value = at("query").value.split("\n").map((line) => {
    const bare = line.trim().replace(/"(?:\\.|[^"\\])*"/g, "").replace(/#.*/, "");
    const closing = (bare.match(/^[})\]]+/) || [""])[0].length;
    const indent = "  ".repeat(Math.max(depth - closing, 0));
    depth += (bare.match(/[{([]/g) || []).length - (bare.match(/[})\]]/g) || []).length;
    return line.trim() ? indent + line.trim() : "";
  }).join("\n");
}

function named(type) {
  if (type.kind === "NON_NULL") return `${named(type.ofType)}!`;
  if (type.kind === "LIST") return `[${named(type.ofType)}]`;
  return type.name;
}

function entry(field) {
  const term = document.createElement("dt");
  const args = (field.args || []).map((one) => `${one.name}: ${named(one.type)}`).join(", ");
  term.textContent = `${field.name}${args ? `(${args})` : ""}${field.type ? `: ${named(field.type)}` : ""}`;
  if (!field.description) return [term];
  const text = document.createElement("dd");
  text.textContent = field.description;
  return [term, text];
}

function draw(types, wanted) {
  const place = at("schema");
  place.replaceChildren();
  for (const type of types) {
    const members = type.fields || type.inputFields || type.enumValues || [];
    const hits = members.filter((one) => one.name.toLowerCase().includes(wanted));
    if (wanted && !hits.length && !type.name.toLowerCase().includes(wanted)) continue;
    const details = document.createElement("details");
    details.open = ["Query", "Mutation"].includes(type.name) || (wanted !== "" && hits.length > 0);
    const summary = document.createElement("summary");
    summary.textContent = type.name;
    const list = document.createElement("dl");
    (wanted && hits.length ? hits : members).forEach((one) => list.append(...entry(one)));
    details.append(summary, list);
    place.append(details);
  }
}

const typeRef = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
const introspection = `{ __schema { types { kind name
  fields { name description args { name type { ${typeRef} } } type { ${typeRef} } }
  inputFields { name description type { ${typeRef} } } enumValues { name description } } } }`;

async function schema() {
  const found = await ask(introspection, {}, {});
  const order = (type) => ["Query", "Mutation"].indexOf(type.name) + 1 || 9;
  const types = found.body.data.__schema.types
    .filter((type) => !type.name.startsWith("__") && type.kind !== "SCALAR")
    .sort((one, other) => order(one) - order(other) || one.name.localeCompare(other.name));
  draw(types, "");
  at("find").addEventListener("input", (event) => draw(types, event.target.value.toLowerCase()));
}

for (const name of ["query", "variables"]) {
  const place = at(name);
  place.value = sessionStorage.getItem(kept(name)) || (name === "query" ? samples[endpoint] || "{ __typename }\n" : place.value);
  place.addEventListener("input", () => sessionStorage.setItem(kept(name), place.value));
}
at("run").addEventListener("click", run);
at("tidy").addEventListener("click", tidy);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
});
schema().catch((error) => { at("schema").textContent = String(error); });
