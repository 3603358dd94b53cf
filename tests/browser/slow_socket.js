// A socket whose messages wait: `arrives_ms` those from the server, `leaves_ms` those to it; in order, each way.
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
    get onmessage() {
        return super.onmessage;
    }
    set onmessage(take) {
        super.onmessage = (event) => {
            if (window.arrives_ms) setTimeout(() => take(event), window.arrives_ms);
            else take(event);
        };
    }
    send(data) {
        if (window.leaves_ms) setTimeout(() => super.send(data), window.leaves_ms);
        else super.send(data);
    }
};
