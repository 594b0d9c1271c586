// A check that cannot fail is worthless: each of these faults, put into the good manifests one at a
// time, must be found.
import { policyFindings } from "./policy.mjs";
import { memberFindings, valueFindings } from "./types.mjs";

const find = (documents, kind, name) =>
  documents.find((d) => d.kind === kind && d.metadata.name === name);
const pod = (documents, name) => find(documents, "Deployment", name).spec.template.spec;
const settings = (documents, name) =>
  documents.find((d) => d.kind === "ConfigMap" && d.metadata.name.startsWith(`settings-${name}`)).data;

const POLICY = {
  "a root container": (k) => { pod(k.documents, "store").securityContext.runAsUser = 0; },
  "a writable root": (k) => {
    pod(k.documents, "gateway").containers[0].securityContext.readOnlyRootFilesystem = false;
  },
  "a kept capability": (k) => {
    pod(k.documents, "gateway").containers[0].securityContext.capabilities.drop = [];
  },
  "a host path": (k) => {
    pod(k.documents, "monitor").volumes[0] = { name: "tmp", hostPath: { path: "/" } };
  },
  "a mounted token": (k) => { delete pod(k.documents, "store").automountServiceAccountToken; },
  "an unrestricted namespace": (k) => {
    find(k.documents, "Namespace", "tweetpulse").metadata.labels = {};
  },
  "no memory limit": (k) => { delete pod(k.documents, "store").containers[0].resources.limits; },
  "an unpinned image": (k) => {
    pod(k.documents, "store").containers[0].image = "tweetpulse/store:latest";
  },
  "an unknown image": (k) => {
    pod(k.documents, "store").containers[0].image = "tweetpulse/shop:0.1.0";
  },
  "a missing probe": (k) => { delete pod(k.documents, "analyzer").containers[0].readinessProbe; },
  "too short a grace period": (k) => { settings(k.documents, "all").TP_DRAIN_SECONDS = "39"; },
  "a call longer than the drain": (k) => {
    settings(k.documents, "analyzer").TP_LLM_TIMEOUT_MS = "120000";
  },
  "too many database connections": (k) => {
    find(k.documents, "Deployment", "store").spec.replicas = 3;
  },
  "no disruption budget": (k) => {
    k.documents.splice(k.documents.findIndex((d) => d.kind === "PodDisruptionBudget"), 1);
  },
  "a missing service": (k) => {
    k.documents.splice(k.documents.indexOf(find(k.documents, "Deployment", "scheduler")), 1);
  },
  "two monitors": (k) => { find(k.documents, "Deployment", "monitor").spec.replicas = 2; },
  "a surging store": (k) => {
    find(k.documents, "Deployment", "store").spec.strategy.rollingUpdate.maxSurge = 1;
  },
  "another port": (k) => { settings(k.documents, "gateway").TP_HTTP_PORT = "8081"; },
  "a loopback listener": (k) => { settings(k.documents, "all").TP_OPS_ADDRESS = "127.0.0.1"; },
  "a service without port": (k) => {
    find(k.documents, "Service", "gateway").spec.ports[0].targetPort = "web";
  },
  "a lost settings map": (k) => {
    pod(k.documents, "store").containers[0].envFrom[0].configMapRef.name = "gone";
  },
  "a secret in plain sight": (k) => {
    pod(k.documents, "store").containers[0].env.push({ name: "TP_REDIS_PASSWORD", value: "x" });
  },
  "an undocumented secret": (k) => {
    pod(k.documents, "store").containers[0].env[0].valueFrom.secretKeyRef.key = "TP_OTHER";
  },
  "fixed replicas under KEDA": (k) => { find(k.documents, "Deployment", "analyzer").spec.replicas = 2; },
  "a consumer nobody makes": (k) => {
    find(k.documents, "ScaledObject", "analyzer").spec.triggers[0].metadata.consumer = "urgent";
  },
  "a class nobody follows": (k) => { find(k.documents, "ScaledObject", "analyzer").spec.triggers.pop(); },
  "other slots than KEDA thinks": (k) => { settings(k.documents, "analyzer").TP_ANALYZER_SLOTS = "7"; },
  "a missing build package": (k) => { k.dockerfile = k.dockerfile.replace("libnats-dev", ""); },
  "an image that runs as root": (k) => {
    const at = k.dockerfile.lastIndexOf("FROM runtime AS store");
    k.dockerfile = k.dockerfile.slice(0, at) +
      k.dockerfile.slice(at).replace("USER 65532:65532\n", "");
  },
  "a setting nobody knows": (k) => {
    k.settings.store = k.settings.store ?? [...Object.keys(settings(k.documents, "all")),
      ...Object.keys(settings(k.documents, "store")), "TP_DATABASE_URL", "TP_KEY_PEPPER",
      "TP_NATS_USER", "TP_NATS_PASSWORD"];
    settings(k.documents, "store").TP_NO_SUCH_THING = "1";
  },
};

const TYPES = {
  "a port that is a word": (k) => {
    pod(k.documents, "gateway").containers[0].ports[0].containerPort = "eighty";
  },
  "an unquoted KEDA number": (k) => {
    find(k.documents, "ScaledObject", "analyzer").spec.triggers[0].metadata.lagThreshold = 5;
  },
};

const MEMBERS = {
  "an unknown member": (k) => {
    find(k.documents, "ScaledObject", "analyzer").spec.pollInterval = 5;
  },
};

async function undetected(known, mutants, findings) {
  const missed = [];
  for (const [name, mutate] of Object.entries(mutants)) {
    const mutant = structuredClone(known);
    mutate(mutant);
    if ((await findings(mutant)).length === 0) missed.push(`the check overlooks ${name}`);
  }
  return missed;
}

export async function undetectedMutants(known) {
  return [
    ...(await undetected(known, POLICY, policyFindings)),
    ...(await undetected(known, TYPES, (k) => valueFindings(k.documents))),
    ...(await undetected(known, MEMBERS, (k) => memberFindings(k.documents))),
  ];
}
