// The documents to check, and how to find one's way in them.
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

export function readManifests(paths) {
  return paths.flatMap((path) =>
    parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
      if (document.errors.length > 0) throw new Error(`${path}: ${document.errors[0].message}`);
      return document.toJS();
    }),
  ).filter((document) => document?.kind && document.kind !== "Kustomization");
}

export const nameOf = (document) => `${document.kind} ${document.metadata?.name}`;

export const ofKind = (documents, kind) => documents.filter((d) => d.kind === kind);

// Every pod that the documents make, with the document it comes from.
export function pods(documents) {
  return documents
    .filter((document) => document.spec?.template?.spec?.containers)
    .map((owner) => ({
      owner,
      name: nameOf(owner),
      labels: owner.spec.template.metadata?.labels ?? {},
      spec: owner.spec.template.spec,
    }));
}

export const matches = (selector, labels) =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);

// What a container finds in its environment: later ones win, as in Kubernetes. Values from secrets
// are undefined.
export function environment(container, documents) {
  const result = {};
  for (const source of container.envFrom ?? []) {
    const map = ofKind(documents, "ConfigMap")
      .find((d) => d.metadata.name === source.configMapRef?.name);
    Object.assign(result, map?.data ?? {});
  }
  for (const variable of container.env ?? []) result[variable.name] = variable.value;
  return result;
}
