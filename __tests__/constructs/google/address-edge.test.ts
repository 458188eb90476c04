import { AddressEdge } from "../../../constructs/google/address-edge";
import { Template } from "../../support/template";

const template = Template.from((scope) => {
  new AddressEdge(scope, "edge", {
    name: "moodle-production-1",
    project: "moodle-example",
    region: "europe-west3",
    domain: "moodle.example.edu",
    managedZoneName: "example-edu",
  });
});

test("the address is in the region of the nodes, where a network load balancer can take it", () => {
  expect(template.only("google_compute_address")).toMatchObject({ region: "europe-west3", address_type: "EXTERNAL" });
});

test("the site's name is that address, before anything runs in the cluster", () => {
  expect(template.only("google_dns_record_set")).toMatchObject({
    name: "moodle.example.edu.",
    rrdatas: [expect.stringMatching(/google_compute_address\..*\.address/)],
  });
});
