import type { AdministratorConfiguration, Configuration } from "../configuration";
import { GoogleApi } from "../google";
import { generatePassword } from "../password";
import { NotYet, type Patience, retry, until } from "../retry";
import type { Credentials } from "../secrets";
import type { Administrator } from "./administrator";

interface Operation {
  readonly name: string;
  readonly status: string;
  readonly error?: { readonly errors?: readonly { readonly code?: string; readonly message?: string }[] };
}

interface User {
  readonly name: string;
  readonly host: string | undefined;
  readonly password: string;
}

interface UserList {
  readonly items?: readonly { readonly name: string; readonly host?: string }[];
}

/** Another operation on the instance is under way. */
const CONFLICT = 409;

/**
 * A user that the Cloud SQL Admin API makes, and to whom it therefore gives `cloudsqlsuperuser`: each run sets a fresh
 * password that nobody else learns. Needs `cloudsql.users.list`, `cloudsql.users.create`, `cloudsql.users.update` and
 * `cloudsql.instances.get`.
 * https://cloud.google.com/sql/docs/postgres/create-manage-users
 */
export class CloudSqlUser implements Administrator {
  readonly patience = 4;
  private readonly api = new GoogleApi("sql", "https://sqladmin.googleapis.com");
  /** PostgreSQL's users have no host. */
  private readonly host: string | undefined;

  constructor(
    private readonly configuration: AdministratorConfiguration & { kind: "cloud-sql-user" },
    engine: Configuration["engine"],
    private readonly context: Patience,
  ) {
    this.host = engine === "postgresql" ? undefined : "%";
  }

  async credentials(): Promise<Credentials> {
    const { username, instance } = this.configuration;
    const password = generatePassword();
    this.context.log.conceal(password);
    const operation = await retry(
      `setting the password of ${username}`,
      this.context,
      (error) => error instanceof NotYet,
      async () => this.set({ name: username, host: this.host, password }),
    );
    await until(`operation ${operation}`, this.context, () => this.finished(operation));
    this.context.log.info("set the administrator's password", { instance, username });
    return { username, password };
  }

  private async set(user: User): Promise<string> {
    const exists = await this.exists(user);
    const query = new URLSearchParams({ name: user.name, ...(user.host === undefined ? {} : { host: user.host }) });
    try {
      const response = exists
        ? await this.api.request<Operation>("PUT", `${this.users}?${query}`, user, [CONFLICT])
        : await this.api.request<Operation>("POST", this.users, user, [CONFLICT]);
      if (response.status === CONFLICT) throw new NotYet("another operation on the instance is under way");
      return response.data.name;
    } catch (error) {
      if (exists || error instanceof NotYet || !(await this.exists(user))) throw error;
      throw new NotYet("another run has made the user");
    }
  }

  private async exists(user: User): Promise<boolean> {
    const { data } = await this.api.request<UserList>("GET", this.users);
    return data.items?.some(({ name, host }) => name === user.name && (host || undefined) === user.host) ?? false;
  }

  private async finished(name: string): Promise<true | undefined> {
    const { data } = await this.api.request<Operation>("GET", `${this.project}/operations/${encodeURIComponent(name)}`);
    if (data.status !== "DONE") return undefined;
    const [failure] = data.error?.errors ?? [];
    if (failure !== undefined) throw new Error(`Cloud SQL refused the password: ${failure.code}: ${failure.message}`);
    return true;
  }

  private get users(): string {
    return `${this.project}/instances/${encodeURIComponent(this.configuration.instance)}/users`;
  }

  private get project(): string {
    return `v1/projects/${encodeURIComponent(this.configuration.project)}`;
  }
}
