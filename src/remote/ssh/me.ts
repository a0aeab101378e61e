import { homedir, userInfo } from 'node:os';

/** Who runs this, and the home directory as ssh sees it: the password database's, whatever HOME says; without an entry there, the environment's. */
export function me(): { readonly name: string; readonly home: string } {
  try {
    const { username, homedir: home } = userInfo();
    return { name: username, home };
  } catch {
    return { name: process.env.USER ?? process.env.LOGNAME ?? 'root', home: homedir() };
  }
}
