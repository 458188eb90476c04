import { installs, startPostgresql } from "./support/installation";

describe("on PostgreSQL, over TLS", () => installs(startPostgresql));
