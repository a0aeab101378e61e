/** An inventory with all that one may hold, for tests that put slips into it. */
export const sampleInventory = `vars: { a: 1 }
hosts:
  web1: { address: 192.0.2.1, port: 2222, user: bob, vars: { b: "{{a}}" } }
  web2:
groups:
  web: { hosts: [web1, web2], vars: { c: 2 } }
  all_of: { children: [web] }
`;
