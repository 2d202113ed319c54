// Starts GraphiQL with the settings that stand in the page.
"use strict";
{
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const socket = new URL(settings.endpoint, location.href);
  socket.protocol = location.protocol === "https:" ? "wss:" : "ws:";

  // Whoever signs in here need not copy the token into every tab; it is forgotten with the browser's tab.
  const KEY = "postventa:token";
  const remember = (answer) => {
    const token = answer?.data?.signIn?.accessToken;
    if (token) sessionStorage.setItem(KEY, token);
    if (answer?.data?.signOut) sessionStorage.removeItem(KEY);
  };
  const withToken = (options) => {
    const headers = { ...options?.headers };
    const token = sessionStorage.getItem(KEY);
    const own = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    if (token && !own) headers.Authorization = `Bearer ${token}`;
    return { ...options, headers };
  };

  // Headers go with a POST, and with a subscription as the payload of connection_init.
  const send = GraphiQL.createFetcher({
    url: settings.endpoint,
    subscriptionUrl: socket.href,
    enableIncrementalDelivery: false,
  });
  const fetcher = async (parameters, options) => {
    const answer = await send(parameters, withToken(options));
    remember(answer);
    return answer;
  };

  // GraphiQL takes the query of the first tab from `defaultTabs`, but not its variables and headers.
  const visited = localStorage.getItem("graphiql:tabState") !== null;
  const { variables, headers } = (!visited && settings.tabs[0]) || {};

  const page = React.createElement(
    GraphiQL,
    {
      fetcher,
      variables,
      headers,
      defaultTabs: settings.tabs,
      defaultEditorToolsVisibility: true,
      shouldPersistHeaders: false,
    },
    React.createElement(GraphiQL.Logo, null, "Postventa"),
  );
  ReactDOM.createRoot(document.getElementById("graphiql")).render(page);
}
