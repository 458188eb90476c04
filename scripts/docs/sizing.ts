import { type Demand, PROTECTED_SITE } from "../../environments/sizing/figures";
import { firstToGiveOut, type Limit, limits } from "../../environments/sizing/limits";
import { size } from "../../environments/sizing/size";
import { code, heading, prose, table } from "./markdown";

/** The numbers of students for whom the page shows the figures. */
const STUDENTS = [100, 500, 1000, 2000, 5000, 10000, 20000];
/** What differs from one number to the next; the others are the same for all. */
const SHOWN = [
  "FPM children",
  "web pods",
  "ad-hoc workers",
  "database",
  "connections",
  "Redis sessions",
  "Redis cache",
  "nodes",
];

const demand: Demand = { ...PROTECTED_SITE, concurrentStudents: 2000, cloud: "aws", engine: "postgresql" };

export function sizingPage(): string {
  return [
    ...heading("How large a site is"),
    "An administrator knows how many students use the site at the same time, at the worst moment: an exam that begins. The rest follows.",
    "",
    "    sizing: { concurrentStudents: 2000 }      // in environments/production.ts",
    "    npm run size -- 2000                      # what that means, why, and what gives out first",
    "    npm run size -- 2000 --cloud google --engine mysql --json",
    "    npm run size -- --environment production  # the figures that an environment has, held against its students",
    "    npm run size -- 4000 --environment production",
    "",
    "Left out, it is 1,000 where `protection` is `protected` and 100 where it is `disposable`. Any single figure can be given beside it:",
    "`database.instanceClass` or `database.tier`, `database.maxConnections`, `redis`, `moodle.web`, `moodle.cron`, `moodle.adhoc`,",
    "`cluster.nodes`, `files`. What is given stands, the others follow from it, and `npm start` says what gives out before the students do.",
    "",
    "What cannot work is refused when the environment is read: more connections at the worst moment than the database takes, and more pods",
    "in an upgrade than the nodes have room for. Each fault names the figures that would do.",
    "",
    "A PostgreSQL on Google Cloud that has read replicas grows in two deploys: Cloud SQL refuses a primary that is larger than a replica, and",
    "Terraform changes the primary first. Name the tier that `npm run size -- 5000 --cloud google` shows in `database.replicaTier`, and deploy; raise",
    "`sizing.concurrentStudents` (or `database.tier`), and deploy again. Then `database.replicaTier` can go.",
    "",
    "It is a beginning, not a promise: courses, plugins and habits differ. Watch the first exam, then change the number.",
    "",
    "## The figures",
    "Of a protected site with PostgreSQL.",
    "",
    ...figures("AWS", demand),
    ...figures("Google Cloud", { ...demand, cloud: "google" }),
    "## The rules",
    ...table(
      ["figure", "rule", "source"],
      limits(demand, size(demand)).map(({ figure, rule, sources }) => [
        figure,
        prose(rule),
        sources.map(({ name, url }) => (url === undefined ? name : `[${name}](${url})`)).join("; "),
      ]),
    ),
    "## Held against what others have measured",
    "A test holds the rules to both.",
    "",
    "- Udelar served 2,000 virtual users of a quiz, without an error, by 12 processors, 90 FPM children and a MySQL server of 4 processors.",
    `  Here 2,000 students get ${value("FPM children")}, and ${value("database")}.`,
    "- Azure sells a database of 8 processors for up to 1,000 concurrent users, and of 16 with Redis for more than 2,000. Here it is half of that.",
    "",
    "## What it leaves out",
    "- **Price**: it depends on region and contract. The sizes are what to put into the provider's calculator.",
    "- **Read replicas** take reads off the database, but every request writes, so that they add nothing to what a size promises.",
    "- **Storage** grows with courses and years, not with students at one moment: databases and EFS grow by themselves.",
    "- **Network and object store** have no limit at these sizes.",
  ].join("\n");
}

function figures(title: string, of: Demand): string[] {
  const columns = STUDENTS.map((concurrentStudents) => ({ ...of, concurrentStudents })).map((one) =>
    limits(one, size(one)),
  );
  const row = (name: string) => [name, ...columns.map((column) => find(column, name).value)];
  return [
    `### ${title}`,
    ...table(
      ["students", ...STUDENTS.map((count) => count.toLocaleString("en"))],
      [...SHOWN.map(row), ["gives out first", ...columns.map(firstOf)]],
    ),
  ];
}

function firstOf(column: readonly Limit[]): string {
  const { figure, students } = firstToGiveOut(column);
  return `${figure} at ${students.toLocaleString("en")}`;
}

function value(figure: string): string {
  return code(find(limits(demand, size(demand)), figure).value);
}

function find(all: readonly Limit[], figure: string): Limit {
  const found = all.find((one) => one.figure === figure);
  if (found === undefined) throw new Error(`no figure is called ${figure}`);
  return found;
}
