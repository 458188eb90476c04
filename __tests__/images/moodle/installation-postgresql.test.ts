import { startPostgresql } from "./support/databases";
import { installs } from "./support/installation";

describe("on PostgreSQL, over TLS", () => installs(startPostgresql));
