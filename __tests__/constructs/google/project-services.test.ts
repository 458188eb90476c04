import { ProjectServices } from "../../../constructs/google/project-services";
import { Template } from "../../support/template";

describe("ProjectServices", () => {
  let services!: ProjectServices;
  const template = Template.from((scope) => {
    services = new ProjectServices(scope, "services", { project: "example-moodle" });
  });

  test("stay on when the stack is destroyed", () => {
    for (const one of template.resources("google_project_service")) expect(one.disable_on_destroy).toBe(false);
  });

  test.each([
    "container",
    "sqladmin",
    "servicedirectory",
    "redis",
    "file",
    "secretmanager",
    "cloudkms",
    "certificatemanager",
  ])("%s is on", (service) => {
    expect(template.only("google_project_service", { service: `${service}.googleapis.com` })).toBeDefined();
  });

  test("are all waited for", () => {
    expect(services.ready).toHaveLength(template.resources("google_project_service").length);
  });
});
