import { type Answer, type EmulatedRequest, Emulator, json } from "./emulator";

/** Manual snapshots of RDS, by its query protocol. */
export class RdsEmulator extends Emulator {
  readonly snapshots: { readonly name: string; readonly of: string }[] = [];
  /** Why the next deletion is refused. */
  refusal: string | undefined;
  /** Snapshots on a page. */
  pageSize = 2;

  protected async answer({ body }: EmulatedRequest): Promise<Answer> {
    const input = Object.fromEntries(new URLSearchParams(body));
    const kind = input.Action?.includes("Cluster") ? "DBCluster" : "DB";
    const [nameKey, ofKey] = [
      `${kind}SnapshotIdentifier`,
      kind === "DB" ? "DBInstanceIdentifier" : "DBClusterIdentifier",
    ];
    const { [nameKey]: name = "", [ofKey]: of = "" } = input;
    switch (input.Action?.replace("Cluster", "")) {
      case "CreateDBSnapshot":
        if (!of.startsWith("moodle-test")) return failure(`${kind}InstanceNotFound`);
        this.snapshots.push({ name, of });
        return success(input.Action, "");
      case "DeleteDBSnapshot": {
        if (this.refusal !== undefined) return failure(this.refusal);
        const index = this.snapshots.findIndex((snapshot) => snapshot.name === name);
        if (index < 0) return failure(`${kind}SnapshotNotFound`);
        this.snapshots.splice(index, 1);
        return success(input.Action, "");
      }
      default: {
        const matching = this.snapshots.filter((snapshot) => snapshot.of === of && input.SnapshotType === "manual");
        const from = Number(input.Marker ?? 0);
        const page = matching.slice(from, from + this.pageSize);
        const items = page.map((one) => `<${kind}Snapshot><${nameKey}>${one.name}</${nameKey}></${kind}Snapshot>`);
        const marker = from + this.pageSize < matching.length ? `<Marker>${from + this.pageSize}</Marker>` : "";
        return success(input.Action ?? "", `<${kind}Snapshots>${items.join("")}</${kind}Snapshots>${marker}`);
      }
    }
  }
}

function success(action: string, result: string): Answer {
  const body = `<${action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${action}Result>${result}</${action}Result></${action}Response>`;
  return { status: 200, headers: { "content-type": "text/xml" }, body };
}

function failure(code: string): Answer {
  const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>refused</Message></Error></ErrorResponse>`;
  return { status: 400, headers: { "content-type": "text/xml" }, body };
}

interface Run {
  readonly id: string;
  readonly type: string;
  readonly description?: string;
}

/** Backups of Cloud SQL, by its Admin API, and the metadata server from which a pod fetches its token. */
export class CloudSqlEmulator extends Emulator {
  readonly runs: Run[] = [];

  protected async answer({ method, url, body, headers }: EmulatedRequest): Promise<Answer> {
    if (url.pathname.startsWith("/computeMetadata/")) return metadata(url.pathname);
    if (headers.authorization !== "Bearer pod-token") return json(401, { error: { code: 401 } });
    const [, id] =
      /^\/v1\/projects\/test-project\/instances\/moodle-test\/backupRuns(?:\/(.+))?$/.exec(url.pathname) ?? [];
    if (method === "POST") {
      const { description } = JSON.parse(body) as { description: string };
      const run = { id: String(1000 + this.runs.length), type: "ON_DEMAND", description };
      this.runs.push(run);
      return json(200, { kind: "sql#operation", backupContext: { backupId: run.id } });
    }
    if (method === "DELETE") {
      const index = this.runs.findIndex((run) => run.id === id);
      if (index < 0) return json(404, { error: { code: 404 } });
      this.runs.splice(index, 1);
      return json(200, { kind: "sql#operation" });
    }
    const from = Number(url.searchParams.get("pageToken") ?? 0);
    const next = from + 2 < this.runs.length ? { nextPageToken: String(from + 2) } : {};
    // The API lists the newest first.
    return json(200, { items: [...this.runs].reverse().slice(from, from + 2), ...next });
  }
}

function metadata(path: string): Answer {
  const token = JSON.stringify({ access_token: "pod-token", expires_in: 3600, token_type: "Bearer" });
  const isToken = path.endsWith("/token");
  return {
    status: 200,
    headers: { "metadata-flavor": "Google", "content-type": isToken ? "application/json" : "application/text" },
    body: isToken ? token : path.endsWith("/universe-domain") ? "googleapis.com" : "test-project",
  };
}
