// Reads manifests, validates each against the schema that its API publishes, and prints JSON:
// {"documents": [...], "problems": [...]}. Usage: validate.cjs FILE...
//
// Those schemas allow fields that they do not know, where an API server drops or refuses them. So what the
// validator has not looked at is reported as well.
'use strict';
const fs = require('fs');
const path = require('path');
const yaml = require('yaml');

const problems = [];

function model(document) {
  const [group, version] = document.apiVersion.includes('/')
    ? document.apiVersion.split('/') : ['', document.apiVersion];
  const short = group.replace(/\.k8s\.io$/, '');
  for (const name of [`kubernetes-models/${group}/${version}`, `kubernetes-models/${short}/${version}`,
                      `kubernetes-models/${version}`,
                      `@kubernetes-models/cert-manager/${group}/${version}`]) {
    try {
      const found = require(path.posix.join(name.replace('//', '/'), document.kind));
      if (found[document.kind]) return found[document.kind];
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error;
    }
  }
  return null;
}

// The same value, which remembers which of its fields were read.
function watched(value, where, unread) {
  if (value === null || typeof value !== 'object') return value;
  const copy = Array.isArray(value) ? [] : {};
  for (const [key, each] of Object.entries(value)) {
    const at = `${where}.${key}`;
    const child = watched(each, at, unread);
    if (Array.isArray(value)) {
      copy[key] = child;
      continue;
    }
    unread.add(at);
    Object.defineProperty(copy, key, {enumerable: true, get() { unread.delete(at); return child; }});
  }
  return copy;
}

function validate(document, file) {
  const what = `${file}: ${document.kind} ${document.metadata && document.metadata.name}`;
  const Model = model(document);
  if (!Model) return problems.push(`${what}: no schema of ${document.apiVersion}`);
  const unread = new Set();
  const instance = new Model({metadata: {}});
  for (const key of Object.keys(instance)) delete instance[key];
  Object.defineProperties(instance, Object.getOwnPropertyDescriptors(watched(document, '', unread)));
  try {
    instance.validate();
  } catch (error) {
    problems.push(`${what}: ${error.message}`);
  }
  for (const field of unread) problems.push(`${what}: the schema does not know ${field}`);
}

const documents = [];
for (const file of process.argv.slice(2)) {
  for (const each of yaml.parseAllDocuments(fs.readFileSync(file, 'utf8'), {version: '1.1'})) {
    for (const error of each.errors) problems.push(`${file}: ${error.message}`);
    const document = each.toJS();
    documents.push({file: path.basename(file), ...document});
    if (document.kind !== 'Kustomization') validate(document, path.basename(file));
  }
}
process.stdout.write(JSON.stringify({documents, problems}));
