// What must hold for every manifest of this project. Each rule takes what is known (documents,
// and texts of files the manifests must agree with) and answers with findings.
import { environment, matches, nameOf, ofKind, pods } from "./manifests.mjs";

const SERVICES = ["gateway", "scheduler", "analyzer", "store", "monitor"];
const USER = 65532;
const MAX_CONNECTIONS = 20;
const MIGRATION_CONNECTIONS = 1;

const deployments = (documents) => pods(documents).filter((p) => p.owner.kind === "Deployment");
const byName = (documents, kind, name) =>
  ofKind(documents, kind).find((d) => d.metadata.name === name);

function* everyServiceIsDeployed({ documents }) {
  for (const name of SERVICES) {
    if (!byName(documents, "Deployment", name)) yield `no Deployment ${name}`;
  }
}

function* namespaceIsRestricted({ documents }) {
  for (const space of ofKind(documents, "Namespace")) {
    for (const mode of ["enforce", "warn", "audit"]) {
      if (space.metadata.labels?.[`pod-security.kubernetes.io/${mode}`] !== "restricted") {
        yield `${nameOf(space)}: pod security ${mode} is not restricted`;
      }
    }
  }
}

function* podsAreRestricted({ documents }) {
  for (const { name, spec } of pods(documents)) {
    const context = spec.securityContext ?? {};
    if (context.runAsNonRoot !== true || context.runAsUser !== USER || context.runAsGroup !== USER) {
      yield `${name}: does not run as ${USER}`;
    }
    if (context.seccompProfile?.type !== "RuntimeDefault") yield `${name}: no seccomp profile`;
    if (spec.hostNetwork || spec.hostPID || spec.hostIPC) yield `${name}: uses the host's namespaces`;
    if (spec.automountServiceAccountToken !== false) yield `${name}: mounts a token`;
    if (spec.enableServiceLinks !== false) yield `${name}: enableServiceLinks is not false`;
    for (const volume of spec.volumes ?? []) {
      if (!volume.emptyDir && !volume.configMap && !volume.secret) {
        yield `${name}: volume ${volume.name} is none of emptyDir, configMap, secret`;
      }
      if (volume.emptyDir && !volume.emptyDir.sizeLimit) yield `${name}: ${volume.name} has no limit`;
    }
    for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
      const own = container.securityContext ?? {};
      if (own.allowPrivilegeEscalation !== false || own.privileged ||
          !own.capabilities?.drop?.includes("ALL") || own.capabilities?.add) {
        yield `${name}: ${container.name} may gain privileges`;
      }
      if (own.readOnlyRootFilesystem !== true) yield `${name}: ${container.name} may write its root`;
    }
  }
}

function* accountsExist({ documents }) {
  for (const { name, spec } of pods(documents)) {
    const account = byName(documents, "ServiceAccount", spec.serviceAccountName);
    if (!account) yield `${name}: no ServiceAccount ${spec.serviceAccountName}`;
    else if (account.automountServiceAccountToken !== false) yield `${nameOf(account)}: has a token`;
  }
}

function* resourcesAreBounded({ documents }) {
  for (const { name, spec } of pods(documents)) {
    for (const { name: container, resources } of spec.containers) {
      if (!resources?.requests?.cpu || !resources?.requests?.memory || !resources?.limits?.memory) {
        yield `${name}: ${container} lacks requests or a memory limit`;
      }
      if (resources?.limits?.cpu) yield `${name}: ${container} is throttled by a cpu limit`;
    }
  }
}

function* imagesArePinned({ documents, dockerfile }) {
  for (const { name, spec } of pods(documents)) {
    for (const { image } of spec.containers) {
      const [, service, tag] = image.match(/([a-z]+)(?::([^:/@]+)|@sha256:[0-9a-f]{64})$/) ?? [];
      if (!service || tag === "latest") yield `${name}: image ${image} is not pinned`;
      else if (!new RegExp(`^FROM \\S+ AS ${service}$`, "m").test(dockerfile)) {
        yield `${name}: the Dockerfile has no target ${service}`;
      }
    }
  }
}

function* healthIsProbed({ documents }) {
  const wanted = { startupProbe: "/healthz", livenessProbe: "/healthz", readinessProbe: "/readyz" };
  for (const { name, spec } of deployments(documents)) {
    for (const [probe, path] of Object.entries(wanted)) {
      const get = spec.containers[0][probe]?.httpGet;
      if (get?.path !== path || get?.port !== "ops") yield `${name}: ${probe} is not ${path} on ops`;
    }
  }
}

function* endsAreGraceful({ documents }) {
  for (const { name, spec } of deployments(documents)) {
    const pause = spec.containers[0].lifecycle?.preStop?.sleep?.seconds;
    const drain = Number(environment(spec.containers[0], documents).TP_DRAIN_SECONDS);
    if (!pause) yield `${name}: no preStop sleep`;
    if (!(spec.terminationGracePeriodSeconds >= (pause ?? 0) + drain + 3)) {
      yield `${name}: grace ${spec.terminationGracePeriodSeconds} s is under pause + drain + 3 s`;
    }
    const call = environment(spec.containers[0], documents).TP_LLM_TIMEOUT_MS;
    if (call !== undefined && drain * 1000 < Number(call) + 5000) {
      yield `${name}: a drain of ${drain} s cuts a call of ${call} ms`;
    }
  }
}

function* disruptionsAreBounded({ documents }) {
  for (const { name, labels, owner } of deployments(documents)) {
    const budget = ofKind(documents, "PodDisruptionBudget")
      .find((d) => matches(d.spec.selector.matchLabels, labels));
    if (!budget) yield `${name}: no PodDisruptionBudget`;
    else if (budget.spec.maxUnavailable !== 1) yield `${nameOf(budget)}: maxUnavailable is not 1`;
    const spread = owner.spec.template.spec.topologySpreadConstraints?.[0];
    if (!spread || !matches(spread.labelSelector.matchLabels, labels)) {
      yield `${name}: is not spread over nodes`;
    }
  }
}

function* rollOutsFitTheService({ documents }) {
  for (const { name, owner } of deployments(documents)) {
    const { strategy, replicas } = owner.spec;
    const surge = strategy?.rollingUpdate;
    if (owner.metadata.name === "monitor") {
      if (replicas !== 1 || strategy.type !== "Recreate") yield `${name}: two would notify twice`;
    } else if (owner.metadata.name === "store") {
      if (surge?.maxSurge !== 0) yield `${name}: a surge opens more database connections`;
      const each = environment(owner.spec.template.spec.containers[0], documents)
        .TP_DB_MAX_CONNECTIONS;
      if (!(replicas * each + MIGRATION_CONNECTIONS <= MAX_CONNECTIONS)) {
        yield `${name}: ${replicas} times ${each} database connections are too many`;
      }
    } else if (surge?.maxUnavailable !== 0) {
      yield `${name}: a roll-out takes capacity away`;
    }
  }
}

function* portsMatchSettings({ documents }) {
  const settingOf = { gateway: "TP_HTTP_PORT", monitor: "TP_MONITOR_PORT" };
  for (const { name, spec, owner } of deployments(documents)) {
    const values = environment(spec.containers[0], documents);
    for (const port of spec.containers[0].ports ?? []) {
      const setting = port.name === "ops" ? "TP_OPS_PORT" : settingOf[owner.metadata.name];
      if (values[setting] !== String(port.containerPort)) {
        yield `${name}: port ${port.name} is ${port.containerPort}, ${setting} is ${values[setting]}`;
      }
      const address = setting?.replace("PORT", "ADDRESS");
      if (values[address] !== "0.0.0.0") yield `${name}: ${address} is not 0.0.0.0`;
    }
  }
  for (const service of ofKind(documents, "Service")) {
    const pod = pods(documents).find((p) => matches(service.spec.selector, p.labels));
    for (const { targetPort } of service.spec.ports) {
      if (!pod?.spec.containers[0].ports?.some((p) => p.name === targetPort)) {
        yield `${nameOf(service)}: no pod has a port ${targetPort}`;
      }
    }
  }
}

function* referencesResolve({ documents, secretsExample }) {
  const known = [...secretsExample.matchAll(/^([A-Z_]+)=/gm)].map((m) => m[1]);
  for (const { name, spec } of pods(documents)) {
    for (const container of spec.containers) {
      for (const source of container.envFrom ?? []) {
        if (!byName(documents, "ConfigMap", source.configMapRef?.name)) {
          yield `${name}: no ConfigMap ${source.configMapRef?.name}`;
        }
      }
      for (const { name: variable, valueFrom } of container.env ?? []) {
        const key = valueFrom?.secretKeyRef?.key;
        if (key && !known.includes(key)) yield `${name}: ${key} is not in secrets.example`;
        if (/PASSWORD|KEY|PEPPER|DATABASE_URL/.test(variable) && !valueFrom) {
          yield `${name}: ${variable} stands in the manifest in plain sight`;
        }
      }
    }
  }
}

// Streams and consumers as the code provisions them.
function provisioned(subjectsHeader, subjectsSource) {
  const names = Object.fromEntries(
    [...subjectsHeader.matchAll(/#define (STREAM_\w+) "(\w+)"/g)].map((m) => [m[1], m[2]]));
  const result = {};
  for (const [, stream, rest] of
    subjectsSource.matchAll(/\.name = (STREAM_\w+),([\s\S]*?)(?=\n {4}\},)/g)) {
    result[names[stream]] = [...rest.matchAll(/\{"(\w+)", "/g)].map((m) => m[1]);
  }
  return result;
}

function* scalingFollowsTheCode({ documents, subjectsHeader, subjectsSource }) {
  const streams = provisioned(subjectsHeader, subjectsSource);
  for (const scaled of ofKind(documents, "ScaledObject")) {
    const target = byName(documents, "Deployment", scaled.spec.scaleTargetRef.name);
    if (!target) yield `${nameOf(scaled)}: no Deployment ${scaled.spec.scaleTargetRef.name}`;
    if (target?.spec.replicas !== undefined) yield `${nameOf(target)}: replicas are KEDA's to say`;
    if (!scaled.spec.fallback) yield `${nameOf(scaled)}: no fallback`;
    const heard = [];
    for (const { metadata } of scaled.spec.triggers) {
      heard.push(metadata.consumer);
      if (!streams[metadata.stream]?.includes(metadata.consumer)) {
        yield `${nameOf(scaled)}: the code provisions no ${metadata.stream}/${metadata.consumer}`;
      }
      const slots = target &&
        environment(target.spec.template.spec.containers[0], documents).TP_ANALYZER_SLOTS;
      if (metadata.lagThreshold !== slots) {
        yield `${nameOf(scaled)}: lagThreshold ${metadata.lagThreshold}, but ${slots} slots`;
      }
    }
    for (const consumer of streams.WORK ?? []) {
      if (!heard.includes(consumer)) yield `${nameOf(scaled)}: WORK/${consumer} is not followed`;
    }
  }
}

function* imageBuildFollowsSetup({ dockerfile, setup }) {
  const words = (text) => text.replace(/\\\n/g, " ").trim().split(/\s+/);
  const wanted = words(setup.match(/build_packages=\(([\s\S]*?)\)/)?.[1] ?? "");
  const build = dockerfile.split(/^FROM /m)[1] ?? "";
  const installed = words(build.match(/--no-install-recommends([\s\S]*?)&&/)?.[1] ?? "");
  for (const name of wanted) {
    if (!installed.includes(name)) yield `Dockerfile: the build stage lacks ${name} of dev/setup`;
  }
  for (const service of SERVICES) {
    const stage = dockerfile.split(/^FROM /m).find((s) => s.match(new RegExp(`^\\S+ AS ${service}\n`)));
    if (!stage) yield `Dockerfile: no target ${service}`;
    else if ((stage.match(/^USER .*$/gm) ?? []).at(-1) !== `USER ${USER}:${USER}`) {
      yield `Dockerfile: ${service} runs as root`;
    }
  }
}

// `settings` is the service's own account of its settings; absent where nothing is built.
function* settingsExist({ documents, settings }) {
  for (const { name, spec } of pods(documents)) {
    for (const container of spec.containers) {
      const service = container.image.match(/([a-z]+)[:@]/)?.[1];
      if (!settings[service]) continue;
      for (const variable of Object.keys(environment(container, documents))) {
        if (!settings[service].includes(variable)) yield `${name}: ${service} knows no ${variable}`;
      }
    }
  }
}

export const RULES = [
  everyServiceIsDeployed, namespaceIsRestricted, podsAreRestricted, accountsExist,
  resourcesAreBounded, imagesArePinned, healthIsProbed, endsAreGraceful, disruptionsAreBounded,
  rollOutsFitTheService, portsMatchSettings, referencesResolve, scalingFollowsTheCode,
  imageBuildFollowsSetup, settingsExist,
];

export const policyFindings = (known) => RULES.flatMap((rule) => [...rule(known)]);
