// What the API server would refuse: wrong types, missing and unknown members. Two ways that
// complete each other: validate() knows values (enums, quantities), TypeScript knows members.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { nameOf } from "./manifests.mjs";

const here = dirname(fileURLToPath(import.meta.url));

const moduleOf = ({ apiVersion, kind }) => {
  const models = apiVersion.startsWith("keda.sh/") ? "@kubernetes-models/keda" : "kubernetes-models";
  return `${models}/${apiVersion}/${kind}`;
};

export async function valueFindings(documents) {
  const findings = [];
  for (const document of documents) {
    try {
      const module = await import(moduleOf(document));
      new module[document.kind](document).validate();
    } catch (error) {
      findings.push(`${nameOf(document)}: ${error.message}`);
    }
  }
  return findings;
}

export function memberFindings(documents) {
  const file = join(here, "rendered.ts");
  const source = documents.map((document, i) =>
    `import type { I${document.kind} as T${i} } from "${moduleOf(document)}";\n` +
    `export const d${i}: T${i} = ${JSON.stringify(document, null, 1)};\n`).join("");
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [],
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, version) =>
    path === file ? ts.createSourceFile(path, source, version) : getSourceFile(path, version);
  const program = ts.createProgram([file], options, host);
  const lines = source.split("\n");
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
    if (diagnostic.start === undefined) return text;
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start);
    const start = lines.slice(0, line + 1).reverse()
      .find((l) => l.startsWith("export const"))?.match(/const d(\d+)/);
    return `${start ? nameOf(documents[start[1]]) : "?"}: ${text} at ${lines[line].trim()}`;
  });
}
