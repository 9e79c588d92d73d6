import { Center, Loader } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { Navigate, Route, Routes, useLocation } from 'react-router'
import { useMe } from '../api/queries'
import { Trouble } from '../parts/Trouble'
import { useTexts } from '../texts'
import { Shell } from './Shell'

const Login = lazy(() => import('../pages/Login'))
const Setup = lazy(() => import('../pages/Setup'))
const Home = lazy(() => import('../pages/Home'))
const Sounds = lazy(() => import('../sounds/Sounds'))
const Numbers = lazy(() => import('../config/Numbers'))
const Extensions = lazy(() => import('../config/Extensions'))
const Trunks = lazy(() => import('../config/Trunks'))
const Users = lazy(() => import('../config/Users'))
const Access = lazy(() => import('../config/Access'))
const Webhooks = lazy(() => import('../config/Webhooks'))
const Me = lazy(() => import('../config/Me'))
const Account = lazy(() => import('../config/Account'))
const Audit = lazy(() => import('../config/Audit'))
const Hours = lazy(() => import('../hours/Hours'))
const Server = lazy(() => import('../config/Server'))
const Apps = lazy(() => import('../apps/Apps'))
const Editor = lazy(() => import('../editor/Editor'))
const Calls = lazy(() => import('../calls/Calls'))
const CallPage = lazy(() => import('../calls/CallPage'))
const Rooms = lazy(() => import('../live/Rooms'))
const Messages = lazy(() => import('../live/Messages'))
const Statistics = lazy(() => import('../stats/Statistics'))
const NotFound = lazy(() => import('../pages/NotFound'))

/** Every page and its address. Pages are loaded when they are first shown. */
export function App() {
  return (
    <Suspense fallback={<Waiting />}>
      <Routes>
        <Route path="/setup" element={<Setup />} />
        <Route path="/login" element={<Login />} />
        <Route element={<SignedIn />}>
          <Route index element={<Home />} />
          <Route path="/sounds" element={<Sounds />} />
          <Route path="/numbers" element={<Numbers />} />
          <Route path="/extensions" element={<Extensions />} />
          <Route path="/trunks" element={<Trunks />} />
          <Route path="/users" element={<Users />} />
          <Route path="/access" element={<Access />} />
          <Route path="/webhooks" element={<Webhooks />} />
          <Route path="/me" element={<Me />} />
          <Route path="/account" element={<Account />} />
          <Route path="/audit" element={<Audit />} />
          <Route path="/hours" element={<Hours />} />
          <Route path="/server" element={<Server />} />
          <Route path="/apps" element={<Apps />} />
          <Route path="/apps/:id" element={<Editor />} />
          <Route path="/calls" element={<Calls />} />
          <Route path="/calls/:id" element={<CallPage />} />
          <Route path="/rooms" element={<Rooms />} />
          <Route path="/messages" element={<Messages />} />
          <Route path="/statistics" element={<Statistics />} />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </Suspense>
  )
}

function SignedIn() {
  const me = useMe()
  const at = useLocation()
  if (me.isPending) return <Waiting />
  if (me.data === null) return <Navigate to="/login" state={{ from: at.pathname + at.search }} replace />
  if (!me.data) return <Trouble error={me.error} again={() => void me.refetch()} />
  return <Shell me={me.data} />
}

function Waiting() {
  const { t } = useTexts()
  return <Center mih="60vh"><Loader aria-label={t('app.loading')} /></Center>
}
