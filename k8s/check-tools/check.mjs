// node check.mjs <project folder> <folder of programs or ""> <manifest>...
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, nameOf, pods, readManifests } from "./manifests.mjs";
import { policyFindings } from "./policy.mjs";
import { memberFindings, valueFindings } from "./types.mjs";
import { undetectedMutants } from "./mutants.mjs";

const [project, programs, ...paths] = process.argv.slice(2);
const text = (path) => readFileSync(join(project, path), "utf8");
const documents = readManifests(paths);

function settingsOf(service) {
  const program = join(programs, service);
  if (!programs || !existsSync(program)) {
    console.error(`k8s/check: ${service} is not built: its settings are not compared`);
    return undefined;
  }
  return JSON.parse(execFileSync(program, ["--describe-settings"])).map((s) => s.name);
}

// Every program must accept what its pod would be given; secrets are made up.
function* refusedValues() {
  const secrets = {
    TP_KEY_PEPPER: "0123456789abcdef0123456789abcdef",
    TP_DATABASE_URL: "postgresql://u:p@postgres:5432/d",
  };
  for (const { owner, spec } of pods(documents)) {
    const container = spec.containers[0];
    const program = join(programs, container.image.match(/([a-z]+)[:@]/)?.[1] ?? "");
    if (!programs || !existsSync(program)) continue;
    const values = environment(container, documents);
    for (const name of Object.keys(values)) values[name] ??= secrets[name] ?? "made-up";
    try {
      execFileSync(program, ["--print-settings"], { env: values, stdio: "pipe" });
    } catch (error) {
      yield `${nameOf(owner)}: refuses its settings: ${error.stderr?.toString().trim()}`;
    }
  }
}

const known = {
  documents,
  dockerfile: text("k8s/Dockerfile"),
  setup: text("dev/setup"),
  secretsExample: text("k8s/base/secrets.example"),
  subjectsHeader: text("libs/messages/subjects.h"),
  subjectsSource: text("libs/messages/subjects.c"),
  settings: Object.fromEntries(
    ["gateway", "scheduler", "analyzer", "store", "monitor"].map((s) => [s, settingsOf(s)])),
};

const findings = [
  ...(await valueFindings(documents)), ...memberFindings(documents), ...policyFindings(known),
  ...refusedValues(), ...(await undetectedMutants(known)),
];
findings.forEach((finding) => console.error(`k8s/check: ${finding}`));
console.log(`k8s/check: ${documents.length} documents, ${findings.length} findings`);
process.exit(findings.length === 0 ? 0 : 1);
