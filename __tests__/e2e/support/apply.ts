import { parseAllDocuments } from "yaml";
import { ApiServer } from "../../../services/operator/src/api-server/api-server";
import { Mapper } from "../../../services/operator/src/api-server/mapper";
import { type KubeObject, pathOf } from "../../../services/operator/src/api-server/object";
import { administratorAccess } from "./access";

/**
 * Applies manifests server-side, one after the other; unknown and repeated fields are refused. Returns what was applied, as
 * `kubectl --output=name` says it. kubectl itself reads the schema of all kinds before each apply, which are hundreds here.
 */
export function apply(manifests: string, namespace?: string): Promise<string[]> {
  return send(manifests, namespace, {});
}

/** Asks whether manifests could be applied so, and changes nothing. */
export function check(manifests: string, namespace?: string): Promise<string[]> {
  return send(manifests, namespace, { dryRun: "All" });
}

function administrator(): ApiServer {
  const { server, caCertificate, token } = administratorAccess();
  const access = { ca: caCertificate, headers: { authorization: `Bearer ${token}` } };
  return new ApiServer({
    server: new URL(server),
    authorize: async () => access,
    helmEnvironment: async () => ({}),
  });
}

async function send(manifests: string, namespace: string | undefined, query: Record<string, string>) {
  const server = administrator();
  // Asked anew each time: an earlier apply may have brought definitions.
  const mapper = new Mapper(server);
  const applied: string[] = [];
  const failures: string[] = [];
  try {
    for (const object of objectsOf(manifests)) {
      try {
        applied.push(await sendOne(server, mapper, object, namespace, query));
      } catch (error) {
        failures.push(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`);
      }
    }
  } finally {
    server.close();
  }
  if (failures.length > 0) throw new Error(failures.join("\n"));
  return applied;
}

async function sendOne(
  server: ApiServer,
  mapper: Mapper,
  object: KubeObject,
  namespace: string | undefined,
  query: Record<string, string>,
): Promise<string> {
  const { apiVersion = "", kind = "", metadata } = object;
  const mapping = await mapper.find(apiVersion, kind);
  if (mapping === undefined) throw new Error(`the API server has no ${kind} of ${apiVersion}`);
  const within = mapping.namespaced ? (metadata.namespace ?? namespace ?? "default") : undefined;
  if (within !== undefined && namespace !== undefined && within !== namespace) {
    throw new Error(`is for the namespace ${within}, not ${namespace}`);
  }
  await server.request("PATCH", pathOf(mapping.type, within, metadata.name), {
    query: { fieldManager: "kubectl", fieldValidation: "Strict", ...query },
    contentType: "application/apply-patch+yaml",
    body: object,
    timeout: 60_000,
  });
  const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [];
  return `${kind.toLowerCase()}${group === undefined ? "" : `.${group}`}/${metadata.name}`;
}

/** As Kubernetes reads them: by YAML 1.1. The members of a list stand for themselves. */
function objectsOf(manifests: string): KubeObject[] {
  return parseAllDocuments(manifests, { version: "1.1" }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS() as (KubeObject & { readonly items?: readonly KubeObject[] }) | null;
    if (object === null) return [];
    return object.kind === "List" ? [...(object.items ?? [])] : [object];
  });
}
